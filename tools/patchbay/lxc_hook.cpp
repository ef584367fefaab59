#include "patchbay/lxc_hook.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <sstream>
#include <unistd.h>

#include <sys/mount.h>
#include <sys/stat.h>

#include "base/best_effort.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/undo_log.h"
#include "patchbay/plugin_call.h"

namespace patchbay::runner {

namespace {

namespace fs = std::filesystem;

using Clock = std::chrono::steady_clock;

constexpr const char* kNamespaces = "/run/netns";
constexpr const char* kVariable = "PATCHBAY_NETWORKS";
constexpr int kIncludeDepth = 8;
constexpr std::chrono::seconds kDeathTakes{5};  // at most, for the processes of a killed container
constexpr timespec kPause{0, 20'000'000};

/// What LXC tells a hook.
struct Container {
  std::string name;
  std::string pid;
  std::string config_file;

  [[nodiscard]] std::string id() const { return "lxc-" + name; }
  [[nodiscard]] std::string pin() const { return std::string{kNamespaces} + "/" + id(); }
};

std::string text_of(const cni::Getenv& getenv, const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

std::string required(const cni::Getenv& getenv, const char* name) {
  std::string value = text_of(getenv, name);
  if (value.empty()) {
    throw Error{
        ErrorCode::invalid_environment,
        std::string{name} + ": missing; LXC sets it for hooks when lxc.hook.version is 1"};
  }
  return value;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\"";
  const auto first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos
             ? std::string{}
             : std::string{text.substr(first, text.find_last_not_of(kBlank) - first + 1)};
}

/// Configurations that an "lxc.include" names: a file, or the *.conf in a directory.
std::vector<std::string> included_files(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return {path};
  }
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator{path, error}) {
    if (entry.path().extension() == ".conf") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void read_lxc_config(
    const std::string& file, const std::string& variable, int depth, std::string& value) {
  std::istringstream lines{depth > 0 ? find_file(file).value_or("") : std::string{}};
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    const std::string key = trimmed(line.substr(0, equals));
    const std::string given =
        equals == std::string::npos ? std::string{} : trimmed(line.substr(equals + 1));
    if (key == "lxc.include") {
      for (const std::string& included : included_files(given)) {
        read_lxc_config(included, variable, depth - 1, value);
      }
    } else if (key == "lxc.environment" && given.rfind(variable + "=", 0) == 0) {
      value = trimmed(given.substr(variable.size() + 1));
    }
  }
}

std::vector<NetworkChoice> choose_networks(const Container& container, const cni::Getenv& getenv) {
  const auto file = fs::path{container.config_file}.parent_path() / "patchbay.networks";
  std::string text = find_file(file).value_or("");
  if (parse_choices(text).empty()) {
    text = environment_in_lxc_config(container.config_file, kVariable);
  }
  return parse_choices(text.empty() ? text_of(getenv, kVariable) : text);
}

/// None when nobody can read the choice: what is attached is detached all the same.
std::vector<NetworkChoice> try_choose_networks(
    const Container& container, const cni::Getenv& getenv) {
  try {
    return choose_networks(container, getenv);
  } catch (const Error& e) {
    log::warn(std::string{e.what()} + ", continuing with what the cache knows");
    return {};
  }
}

Attachment attachment_of(const Container& container, const NetworkChoice& choice) {
  return {.owner = {choice.network, container.id(), choice.ifname}, .netns = container.pin()};
}

bool is_same_file(const struct stat& file, const std::string& path) {
  struct stat other {};
  return ::stat(path.c_str(), &other) == 0 && other.st_dev == file.st_dev &&
         other.st_ino == file.st_ino;
}

/// True when a process lives in the pinned namespace.
bool is_inhabited(const std::string& pin) {
  struct stat pinned {};
  if (::stat(pin.c_str(), &pinned) != 0) {
    return false;
  }
  std::error_code error;
  for (const auto& process : fs::directory_iterator{"/proc", error}) {
    const std::string name = process.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos &&
        is_same_file(pinned, process.path() / "ns/net")) {
      return true;
    }
  }
  return false;
}

/// Another container of this name, in another folder of LXC's, must not lose its network to us.
void require_abandoned(const std::string& pin) {
  const auto deadline = Clock::now() + kDeathTakes;
  while (is_inhabited(pin)) {
    if (Clock::now() >= deadline) {
      throw Error{
          ErrorCode::invalid_environment,
          quote(pin) + " is the namespace of a container that is running"};
    }
    (void)::nanosleep(&kPause, nullptr);
  }
}

void pin(const Container& container) {
  const std::string path = container.pin();
  const std::string source = "/proc/" + container.pid + "/ns/net";
  std::error_code error;
  fs::create_directories(kNamespaces, error);
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444)};
  if (!file) {
    throw SystemError{errno, "create " + quote(path)};
  }
  if (::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    const int reason = errno;
    (void)::unlink(path.c_str());
    throw SystemError{reason, "mount " + quote(source) + " on " + quote(path)};
  }
}

void unpin(const Container& container) {
  const std::string path = container.pin();
  while (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) ==
         0) {  // whatever is mounted there, and below it
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    throw SystemError{errno, "delete " + quote(path)};
  }
}

/// What the cache knows of this container.
std::vector<NetworkChoice> attached_networks(const Runner& runner, const Container& container) {
  std::vector<NetworkChoice> attached;
  for (const CacheEntry& entry : runner.cache().list().entries) {
    if (entry.owner.container_id == container.id()) {
      attached.push_back({entry.owner.network, entry.owner.ifname});
    }
  }
  return attached;
}

/// Where the namespace is still pinned, something of the chosen networks may be left even though
/// the cache has lost it.
void detach_everything(
    const Runner& runner, const Container& container, const std::vector<NetworkChoice>& chosen) {
  auto networks = attached_networks(runner, container);
  const bool pinned = fs::exists(fs::symlink_status(container.pin()));
  for (const NetworkChoice& choice : chosen) {
    if (pinned && std::find(networks.begin(), networks.end(), choice) == networks.end()) {
      networks.push_back(choice);
    }
  }
  BestEffort effort;
  for (const NetworkChoice& choice : networks) {
    effort.attempt(
        "detach " + quote(choice.ifname), [&] { runner.del(attachment_of(container, choice)); });
  }
  effort.attempt("unpin", [&] { unpin(container); });
  effort.finish();
}

void clear_left_over(
    const Runner& runner, const Container& container, const std::vector<NetworkChoice>& chosen) {
  require_abandoned(container.pin());
  try {
    detach_everything(runner, container, chosen);
  } catch (const Error& e) {  // ADD says itself what it cannot go on with
    log::warn(std::string{"earlier run of the container: "} + e.what() + ", continuing");
  }
}

void start(const Runner& runner, const Container& container, const cni::Getenv& getenv) {
  const auto chosen = choose_networks(container, getenv);
  if (chosen.empty()) {
    throw Error{
        ErrorCode::invalid_config,
        "no network for container " + quote(container.name) +
            ": name one by 'lxc.environment = " + std::string{kVariable} +
            "=NETWORK', or in patchbay.networks beside " + quote(container.config_file)};
  }
  clear_left_over(runner, container, chosen);
  UndoLog undo;
  pin(container);
  undo.on_failure("unpin " + quote(container.pin()), [&] { unpin(container); });
  for (const NetworkChoice& choice : chosen) {
    const Attachment attachment = attachment_of(container, choice);
    (void)runner.add(attachment);
    undo.on_failure("detach " + quote(choice.ifname), [&runner, attachment] {
      forgive_interrupts();
      runner.del(attachment);
    });
  }
  undo.commit();
}

}  // namespace

std::vector<NetworkChoice> parse_choices(const std::string& text) {
  std::vector<NetworkChoice> choices;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    line = line.substr(0, line.find('#'));
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream words{line};
    for (std::string word; words >> word;) {
      const auto colon = word.find(':');
      choices.push_back(
          {word.substr(0, colon),
           colon == std::string::npos ? "eth" + std::to_string(choices.size())
                                      : word.substr(colon + 1)});
    }
  }
  return choices;
}

std::string environment_in_lxc_config(const std::string& file, const std::string& variable) {
  std::string value;
  read_lxc_config(file, variable, kIncludeDepth, value);
  return value;
}

void run_lxc_hook(const Runner& runner, const cni::Getenv& getenv) {
  const std::string type = required(getenv, "LXC_HOOK_TYPE");
  const Container container{
      .name = required(getenv, "LXC_NAME"),
      .pid = type == "start-host" ? required(getenv, "LXC_PID") : std::string{},
      .config_file = text_of(getenv, "LXC_CONFIG_FILE")};
  if (type == "start-host") {
    start(runner, container, getenv);
  } else if (type == "post-stop" || type == "destroy") {
    if (type == "destroy") {  // at post-stop, our own container's processes may take their time
      require_abandoned(container.pin());
    }
    detach_everything(runner, container, try_choose_networks(container, getenv));
  } else {
    throw Error{
        ErrorCode::invalid_environment,
        "LXC_HOOK_TYPE: " + quote(type) + " must be start-host, post-stop or destroy"};
  }
}

}  // namespace patchbay::runner
