#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/host.h"
#include "support/run_plugin.h"

namespace patchbay::test {

using nlohmann::json;

/// A host with the namespaces c1 and c2, conflists in /run/net.d and plugins of the test's own in
/// /run/plugins, on which `patchbay` is called as a person calls it.
class RunnerTest : public HostTest {
 protected:
  void SetUp() override;

  /// Runs patchbay with `arguments`.
  static Answer run(const std::vector<std::string>& arguments);
  static RunningPlugin start(const std::vector<std::string>& arguments);
  static Call call(const std::vector<std::string>& arguments);

  /// Writes /run/net.d/<name>.conflist: a network of this name with `plugins`, in version 1.1.0.
  /// Returns the path.
  static std::string write_network(
      const std::string& name, const json& plugins, const json& members = json::object());
  /// A bridge with 10.1.0.0/24.
  static json bridge();
  /// An executable /run/plugins/<name>, in sh. It answers ADD with a result of its own unless
  /// `script` prints one, and notes "<name> <command>" in /run/calls and its stdin in
  /// /run/stdin-<name>-<command>, before `script` runs.
  static void make_plugin(const std::string& name, const std::string& script = "");
  /// The lines of /run/calls, joined by ", "; the file is emptied.
  static std::string take_calls();
  /// What the plugin `name` got for `command`.
  static json input_of(const std::string& name, const std::string& command);

  /// The cache's files of attachments.
  static std::set<std::string> cache_entries();
  static std::size_t count_leases(const std::string& network);
};

/// A predicate for gtest: exit status 0.
testing::AssertionResult succeeds(const Answer& answer);
/// A predicate for gtest: exit status `status`, with `part` on stderr.
testing::AssertionResult fails(const Answer& answer, const std::string& part, int status = 1);

}  // namespace patchbay::test
