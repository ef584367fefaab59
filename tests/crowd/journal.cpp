#include "crowd/journal.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <stdexcept>
#include <unistd.h>

#include <sys/stat.h>

#include "base/unique_fd.h"
#include "support/temp_directory.h"

namespace patchbay::test {

namespace {

constexpr auto kTraced =
    "openat,open,creat,mkdir,mkdirat,write,pwrite64,ftruncate,truncate,rename,renameat,renameat2,"
    "link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,writev,pwritev,pwritev2,fallocate,"
    "copy_file_range,sendfile";

/// A system call that succeeded, as strace shows it.
struct Line {
  double time;
  std::string name;
  std::vector<std::string> arguments;
  std::string result;
};

/// Undoes "\x41".
std::string decoded(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\\x") == 0) {
      bytes += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
      i += 3;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

/// Strings and paths come in hexadecimal, so a comma is one between arguments.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(", ", begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 2;
  }
  return parts;
}

/// What stands between two delimiters: of a string its bytes, of a descriptor its path.
std::string inside(const std::string& argument, char open, char close) {
  const auto begin = argument.find(open);
  const auto end = argument.rfind(close);
  return begin == std::string::npos || end <= begin
             ? std::string{}
             : decoded(argument.substr(begin + 1, end - begin - 1));
}

std::string path_of_descriptor(const std::string& argument) {
  return inside(argument, '<', '>');
}

std::string text_of(const std::string& argument) {
  return inside(argument, '"', '"');
}

/// The path that a call names by a directory's descriptor and a name.
std::string path_at(const Line& line, std::size_t first) {
  const std::string name = text_of(line.arguments.at(first + 1));
  return name.starts_with('/') ? name : path_of_descriptor(line.arguments.at(first)) + "/" + name;
}

/// Turns system calls into changes. Files are told by descriptor, for a write goes on where the
/// last one ended.
class Reader {
 public:
  explicit Reader(std::string directory) : directory_{std::move(directory)} {}

  void read(const Line& line) {
    const auto& arguments = line.arguments;
    if (line.name == "openat" || line.name == "open" || line.name == "creat") {
      open(line);
    } else if (line.name == "write" || line.name == "pwrite64") {
      write(line);
    } else if (line.name == "ftruncate") {
      add(
          {Change::Kind::truncate,
           path_of_descriptor(arguments.at(0)),
           {},
           std::stoull(arguments.at(1))});
    } else if (line.name == "mkdir") {
      add({Change::Kind::make_directory, text_of(arguments.at(0))});
    } else if (line.name == "renameat" || line.name == "renameat2") {
      add({Change::Kind::rename, path_at(line, 0), path_at(line, 2)});
    } else if (line.name == "linkat") {
      add({Change::Kind::link, path_at(line, 0), path_at(line, 2)});
    } else if (line.name == "unlinkat") {
      add({Change::Kind::remove, path_at(line, 0)});
    } else if (touches(line)) {
      throw std::runtime_error{"a change that this test does not know: " + line.name};
    }
  }

  std::vector<Change> changes;

 private:
  [[nodiscard]] bool is_below(const std::string& path) const {
    return path.starts_with(directory_ + "/");
  }
  [[nodiscard]] bool touches(const Line& line) const {
    return std::any_of(line.arguments.begin(), line.arguments.end(), [&](const auto& argument) {
      return is_below(text_of(argument)) || is_below(path_of_descriptor(argument));
    });
  }

  void add(Change change) {
    if (is_below(change.path) || is_below(change.to)) {
      changes.push_back(std::move(change));
    }
  }

  void open(const Line& line) {
    const std::string path = path_of_descriptor(line.result);
    offsets_[path] = 0;
    const bool is_at = line.name == "openat";
    const std::string flags = line.arguments.at(is_at ? 2 : 1);
    if (flags.find("O_CREAT") != std::string::npos) {
      add({Change::Kind::create, path});
    }
    if (flags.find("O_TRUNC") != std::string::npos) {
      add({Change::Kind::truncate, path});
    }
  }

  void write(const Line& line) {
    const std::string path = path_of_descriptor(line.arguments.at(0));
    const std::string data = text_of(line.arguments.at(1)).substr(0, std::stoull(line.result));
    const bool has_offset = line.name == "pwrite64";
    const auto offset = has_offset ? std::stoull(line.arguments.at(3)) : offsets_[path];
    if (!has_offset) {
      offsets_[path] += data.size();
    }
    add({Change::Kind::write, path, {}, offset, data});
  }

  std::string directory_;
  std::map<std::string, std::uint64_t> offsets_;
};

void read_lines(const std::string& path, std::vector<Line>& lines) {
  static const std::regex kCall{R"(^(\d+\.\d+) (\w+)\((.*)\) = (\d+.*)$)"};
  std::ifstream file{path};
  for (std::string text; std::getline(file, text);) {
    std::smatch match;
    if (text.find(") = -1 ") == std::string::npos && std::regex_match(text, match, kCall)) {
      lines.push_back({std::stod(match[1]), match[2], split(match[3]), match[4]});
    }
  }
}

[[noreturn]] void fail(const Change& change) {
  throw std::runtime_error{"replay " + change.str() + ": " + std::strerror(errno)};
}

void require(bool done, const Change& change) {
  if (!done) {
    fail(change);
  }
}

void write(const Change& change, bool half, Loss loss) {
  std::string data = change.data;
  if (half) {
    data.resize(data.size() / 2);
  }
  if (loss == Loss::zeroes) {
    std::fill(data.begin(), data.end(), '\0');
  }
  const UniqueFd file{::open(change.path.c_str(), O_WRONLY | O_CLOEXEC)};
  const auto written =
      ::pwrite(file.get(), data.data(), data.size(), static_cast<off_t>(change.offset));
  require(written == static_cast<ssize_t>(data.size()), change);
}

void make(const Change& change) {
  const auto* path = change.path.c_str();
  switch (change.kind) {
    case Change::Kind::create:
      return require(
          static_cast<bool>(UniqueFd{::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)}), change);
    case Change::Kind::make_directory:
      return require(::mkdir(path, 0700) == 0, change);
    case Change::Kind::truncate:
      return require(::truncate(path, static_cast<off_t>(change.offset)) == 0, change);
    case Change::Kind::rename:
      return require(::rename(path, change.to.c_str()) == 0, change);
    case Change::Kind::link:
      return require(::link(path, change.to.c_str()) == 0, change);
    case Change::Kind::remove:
      return require(::unlink(path) == 0, change);
    case Change::Kind::write:
      return;
  }
}

}  // namespace

std::string name_of(Loss loss) {
  switch (loss) {
    case Loss::nothing:
      return "nothing lost";
    case Loss::half:
      return "half of it lost";
    case Loss::contents:
      return "contents lost";
    case Loss::zeroes:
      return "contents zero";
  }
  return {};
}

std::string Change::str() const {
  static const std::map<Kind, std::string> kNames{
      {Kind::create, "create "},
      {Kind::make_directory, "mkdir "},
      {Kind::write, "write "},
      {Kind::truncate, "truncate "},
      {Kind::rename, "rename "},
      {Kind::link, "link "},
      {Kind::remove, "remove "}};
  return kNames.at(kind) + path + (to.empty() ? "" : " to " + to);
}

std::vector<Change> record(const Call& call, const std::string& directory) {
  const TempDirectory traces;
  Call traced = call;
  traced.plugin = "/usr/bin/strace";
  traced.extra_env["ASAN_OPTIONS"] = "detect_leaks=0";  // it cannot when it is traced itself
  traced.arguments = {
      "-ff",
      "-o",
      traces.path("trace"),
      "-ttt",
      "-y",
      "-xx",
      "-s",
      "1000000",
      "-e",
      std::string{"trace="} + kTraced};
  for (const auto& argument : arguments_of(call)) {
    traced.arguments.push_back(argument);
  }
  const Answer answer = run_plugin(traced, "");
  if (!answer.ok()) {
    throw std::runtime_error{"record " + call.plugin + ": " + answer.output + answer.errors};
  }
  std::vector<Line> lines;
  for (const auto& name : names_in(traces.path())) {
    read_lines(traces.path(name), lines);
  }
  std::stable_sort(
      lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.time < b.time; });
  Reader reader{directory};
  for (const auto& line : lines) {
    reader.read(line);
  }
  return std::move(reader.changes);
}

void replay(std::span<const Change> changes, Loss loss) {
  for (const auto& change : changes) {
    const bool half = loss == Loss::half && &change == &changes.back();
    if (change.kind != Change::Kind::write) {
      make(change);
    } else if (loss != Loss::contents) {
      write(change, half, loss);
    }
  }
}

}  // namespace patchbay::test
