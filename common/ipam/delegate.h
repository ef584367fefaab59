#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/best_effort.h"
#include "base/subprocess.h"
#include "cni/plugin.h"

/// Calling the IPAM plugin that a configuration names.
namespace patchbay::ipam {

/// Declares "ipam.type"; the rest of "ipam" is the delegate's own.
void declare(cni::Keys& keys, std::string& type);

/// One execution of the delegate. A delegate that is linked in and of the same build as the one in
/// CNI_PATH runs within finish(). Any other's process is started by the constructor, so that its
/// start overlaps with work of ours; it waits for its configuration until begin() or finish().
class Delegate {
 public:
  /// `command` is the CNI_COMMAND; everything else of the environment is passed on.
  /// Throws Error{invalid_config} when no plugin `type` is in CNI_PATH.
  Delegate(const cni::Network& network, const std::string& type, std::string_view command);

  /// Hands the configuration over: the delegate gets to work.
  void begin();
  /// Waits for the end. Throws the delegate's own error, code included.
  void finish();
  /// What its ADD has given, after finish(). Throws what cni::parse_result() does.
  [[nodiscard]] cni::Result result() const;

 private:
  Subprocess::Outcome run_linked();

  const cni::Network& network_;
  std::string type_;
  std::string command_;
  std::optional<Subprocess> process_;  ///< Absent when the delegate is linked in.
  bool begun_ = false;
  std::string output_;
  std::shared_ptr<const nlohmann::json> document_;  ///< The result of one that is linked in.
};

/// The addresses of one attachment while ADD is under way.
class Acquisition {
 public:
  /// Starts the delegate's ADD. Without a `type` there is none, and no address.
  Acquisition(const cni::Network& network, std::string type);

  /// Waits for the delegate. Throws its error, or Error{invalid_config} when it gives no address.
  cni::Result finish();
  /// Gives back whatever may have been taken: for the undo log. Nothing when the delegate said that
  /// this owner already holds an address, which is then a live one's.
  void give_back();

 private:
  const cni::Network& network_;
  std::string type_;
  std::optional<Delegate> running_;
  bool nothing_taken_ = false;
};

/// DEL: the delegate's start overlaps with `take_away`, but it gets to work only behind that: an
/// address that is free must not be in use any more. Failures, also of what `take_away` attempts,
/// are left in `teardown`. Without a `type` nothing is released.
void release_after(
    BestEffort& teardown,
    const cni::Network& network,
    const std::string& type,
    const std::function<void()>& take_away);

/// Any command of the delegate that is run to its end with nothing beside it, such as CHECK or the
/// DEL that gives back; errors are thrown.
void run(const cni::Network& network, const std::string& type, std::string_view command);

}  // namespace patchbay::ipam
