#include "options.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <getopt.h>
#include <iostream>
#include <string_view>

#include "base/error.h"

namespace patchbay::bench {

namespace {

constexpr unsigned kMostRounds = 10000;
constexpr unsigned kMostAttached = 20000;

/// Where Debian has containernetworking-plugins, ovs-vsctl and netavark.
constexpr auto kDebian = "/usr/lib/cni:/usr/bin:/usr/lib/podman";

constexpr auto kHelp =
    R"(Usage: bench [options]

Runs our CNI plugins and others' side by side, in namespaces of its own, and prints what
each command costs. Needs root. bench/README.md says how to read the table.

  --ours DIRS       our executables (default: bin/ of the build that this program belongs to)
  --peer NAME=DIRS  the executables to be compared with (default:
                    reference=/usr/lib/cni:/usr/bin:/usr/lib/podman); may be given
                    several times, goals are about the first
                    DIRS may be several directories, separated by ':', as in CNI_PATH
  --rounds N        measured calls of each command (default 8)
  --attached LIST   containers that are attached already, e.g. 0,100,500
                    (default: as bench/rows.cpp has it)
  --rows PATTERN    only the rows that match this regular expression, or contain this text
  --quick           a first impression: 5 rounds with 0 and 50 attached
  --json FILE       write the table as JSON, too, with every single measurement
  --curves FILE     write what bench/curves.gp plots
  --help            print this
)";

constexpr option kOptions[] = {
    {"ours", required_argument, nullptr, 'o'},
    {"peer", required_argument, nullptr, 'p'},
    {"rounds", required_argument, nullptr, 'n'},
    {"attached", required_argument, nullptr, 'a'},
    {"rows", required_argument, nullptr, 'r'},
    {"quick", no_argument, nullptr, 'q'},
    {"json", required_argument, nullptr, 'j'},
    {"curves", required_argument, nullptr, 'c'},
    {"help", no_argument, nullptr, 'h'},
    {nullptr, 0, nullptr, 0}};

[[noreturn]] void refuse(const std::string& message) {
  throw Error{ErrorCode::invalid_config, message};
}

unsigned parse_number(std::string_view option, std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) {
    refuse(
        std::string{option} + " " + quote(text) + ": must be a number, at most " +
        std::to_string(most));
  }
  return value;
}

std::vector<unsigned> parse_numbers(std::string_view option, std::string_view list) {
  std::vector<unsigned> numbers;
  std::size_t comma = 0;
  do {
    comma = list.find(',');
    numbers.push_back(parse_number(option, list.substr(0, comma), kMostAttached));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  } while (comma != std::string_view::npos);
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

Peer parse_peer(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    refuse("--peer " + quote(text) + ": must be NAME=DIRS, e.g. reference=/usr/lib/cni");
  }
  return {std::string{text.substr(0, equals)}, std::string{text.substr(equals + 1)}};
}

/// build/<preset>/bench/bench -> build/<preset>/bin:build/<preset>/bench
std::string default_ours() {
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return (here.parent_path() / "bin").string() + ":" + here.string();
}

void apply(Options& options, int option) {
  switch (option) {
    case 'o':
      options.ours = optarg;
      break;
    case 'p':
      options.peers.push_back(parse_peer(optarg));
      break;
    case 'n':
      options.rounds = parse_number("--rounds", optarg, kMostRounds);
      break;
    case 'a':
      options.attached = parse_numbers("--attached", optarg);
      break;
    case 'r':
      options.rows = optarg;
      break;
    case 'q':
      options.rounds = 5;
      options.attached = {0, 50};
      break;
    case 'j':
      options.json = optarg;
      break;
    case 'c':
      options.curves = optarg;
      break;
    default:
      refuse("see bench --help");
  }
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  options.ours = default_ours();
  int option = 0;
  while ((option = ::getopt_long(argc, argv, "h", kOptions, nullptr)) != -1) {
    if (option == 'h') {
      std::cout << kHelp;
      return std::nullopt;
    }
    apply(options, option);
  }
  if (optind != argc) {
    refuse("unexpected argument " + quote(argv[optind]) + ", see bench --help");
  }
  if (options.peers.empty()) {
    options.peers.push_back({"reference", kDebian});
  }
  if (options.rounds == 0) {
    refuse("--rounds: must be at least 1");
  }
  return options;
}

}  // namespace patchbay::bench
