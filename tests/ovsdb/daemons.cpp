#include "ovsdb/daemons.h"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/unique_fd.h"
#include "support/shell.h"
#include "support/temp_directory.h"

namespace patchbay::test {

namespace {

constexpr const char* kSchema = "/usr/share/openvswitch/vswitch.ovsschema";

pid_t start_program(std::vector<std::string> command, int out) {
  std::vector<char*> arguments;
  for (auto& word : command) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)std::signal(SIGPIPE, SIG_DFL);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  return pid;
}

}  // namespace

bool has_open_vswitch() {
  return std::filesystem::exists(kSchema);
}

Daemon::Daemon(std::vector<std::string> command, const std::string& log) {
  constexpr int kMode = 0600;
  const UniqueFd out{::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode)};
  pid_ = start_program(std::move(command), out.get());
}

void Daemon::signal(int number) const {
  ::kill(pid_, number);
}

void Daemon::stop(int number) {
  if (pid_ <= 0) {
    return;
  }
  ::kill(pid_, number);
  ::kill(pid_, SIGCONT);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

bool Daemon::running() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
    pid_ = -1;
  }
  return pid_ > 0;
}

bool eventually(const std::function<bool()>& condition) {
  constexpr std::chrono::milliseconds kPause{5};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

OvsdbServer::OvsdbServer(
    std::string directory,
    const std::vector<std::string>& remotes,
    const std::vector<std::string>& options)
    : directory_{std::move(directory)},
      command_{
          "ovsdb-server",
          path("conf.db"),
          "--remote=p" + remote(),
          "--unixctl=" + path("db.ctl"),
          "--log-file=" + path("db.log"),
          "-vconsole:off"} {
  std::filesystem::create_directories(directory_);
  shell("ovsdb-tool create " + path("conf.db") + " " + kSchema);
  for (const auto& extra : remotes) {
    command_.push_back("--remote=" + extra);
  }
  command_.insert(command_.end(), options.begin(), options.end());
  start();
  (void)vsctl("init");
}

void OvsdbServer::start() {
  std::filesystem::remove(path("db.sock"));
  daemon_ = std::make_unique<Daemon>(command_, path("db.out"));
  const bool listening = eventually([&] {
    return !daemon_->running() || try_shell("ovsdb-client list-dbs " + remote()).status == 0;
  });
  if (!listening || !daemon_->running()) {
    throw std::runtime_error{
        "start ovsdb-server: " + contents_of(path("db.log")) + contents_of(path("db.out"))};
  }
}

std::string OvsdbServer::vsctl(const std::string& arguments) const {
  auto output = shell("ovs-vsctl --no-wait --timeout=20 --db=" + remote() + " " + arguments);
  while (!output.empty() && output.back() == '\n') {
    output.pop_back();
  }
  return output;
}

}  // namespace patchbay::test
