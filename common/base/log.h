#pragma once

#include <memory>
#include <string>
#include <string_view>

/// Logging, by spdlog behind a narrow door: only log.cpp pays for its headers.
///
/// Nothing is ever written to stdout, which belongs to the CNI result. PATCHBAY_LOG sets the level
/// (debug, info, warn, error, off; default warn) and PATCHBAY_LOG_TO the place (stderr, syslog or
/// an absolute file name; default stderr). The logger is made at the first message that passes the
/// level, so a quiet run pays nothing.
namespace patchbay::log {

/// Adds "plugin container ifname" to the lines that follow.
void set_context(std::string context);

/// True when debug messages are wanted: build an expensive message only then.
bool debug_enabled();
void debug(std::string_view message);
void info(std::string_view message);
/// For what we go on despite; the message ends in ", continuing".
void warn(std::string_view message);

/// Ends the running phase of the command and begins the phase `name`. The durations are printed by
/// summary().
void phase(std::string_view name);
/// One line at info: `outcome`, the whole duration and that of each phase.
void summary(std::string_view outcome);

/// A call within a call: context and phases begin anew, and are what they were when it ends.
class Scope {
 public:
  Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  Scope(Scope&&) = delete;
  Scope& operator=(Scope&&) = delete;
  ~Scope();

 private:
  struct Outer;
  std::unique_ptr<Outer> outer_;
};

}  // namespace patchbay::log
