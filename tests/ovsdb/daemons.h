#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

/// Real Open vSwitch daemons, each test's own.
namespace patchbay::test {

/// True when Open vSwitch is installed.
bool has_open_vswitch();

/// A program that runs beside the test; killed at the end, at the latest with the test.
class Daemon {
 public:
  /// Its output goes to the file `log`.
  Daemon(std::vector<std::string> command, const std::string& log);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  Daemon(Daemon&&) = delete;
  Daemon& operator=(Daemon&&) = delete;
  ~Daemon() { stop(SIGKILL); }

  void signal(int number) const;
  /// Ends it by a signal and reaps it.
  void stop(int number);
  [[nodiscard]] bool running();

 private:
  pid_t pid_ = -1;
};

/// Asks for `condition` every few milliseconds, for at most ten seconds: for what daemons do in
/// their own time. False when it never holds.
bool eventually(const std::function<bool()>& condition);

/// An ovsdb-server with an Open_vSwitch database. Everything of it is in one directory.
class OvsdbServer {
 public:
  /// Makes `directory`. Besides db.sock in it the server listens at `remotes`
  /// ("ptcp:6640:127.0.0.1"); `options` are further ones of its command line.
  explicit OvsdbServer(
      std::string directory,
      const std::vector<std::string>& remotes = {},
      const std::vector<std::string>& options = {});

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  [[nodiscard]] std::string remote() const { return "unix:" + path("db.sock"); }
  [[nodiscard]] Daemon& daemon() { return *daemon_; }

  /// Starts it again; returns when it listens.
  void start();
  /// Ends it as a crash would.
  void kill() { daemon_->stop(SIGKILL); }

  /// ovs-vsctl with these arguments, not waiting for ovs-vswitchd. Returns its output without the
  /// last newline; throws std::runtime_error when it fails.
  [[nodiscard]] std::string vsctl(const std::string& arguments) const;

 private:
  std::string directory_;
  std::vector<std::string> command_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace patchbay::test
