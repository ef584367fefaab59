// patchbay: attaches network namespaces to CNI networks, as a container runtime would.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/privilege.h"
#include "base/undo_log.h"
#include "patchbay/command_line.h"
#include "patchbay/lxc_hook.h"
#include "patchbay/output.h"
#include "patchbay/plugin_call.h"
#include "patchbay/runner.h"
#include "patchbay/validation.h"

namespace patchbay::runner {
namespace {

void print(const std::string& text) {
  write_all(STDOUT_FILENO, text, "write stdout");
}

void complain(const std::string& text) {
  write_all(STDERR_FILENO, text + "\n", "write stderr");
}

/// What is given twice may be split as well: "--args A=1 --args B=2" is "A=1;B=2".
std::string joined(const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& one : texts) {
    text += (text.empty() ? "" : ";") + one;
  }
  return text;
}

Attachment attachment_of(const Invocation& invocation) {
  Attachment attachment;
  attachment.netns =
      invocation.as_cnitool ? absolute_path(invocation.netns) : netns_path(invocation.netns);
  attachment.owner = {
      invocation.network,
      invocation.container_id.empty() ? derived_container_id(attachment.netns)
                                      : invocation.container_id,
      invocation.ifname};
  if (!invocation.args.empty()) {
    attachment.cni_args = parse_args(joined(invocation.args), "CNI_ARGS");
  }
  if (!invocation.capabilities.empty()) {
    attachment.capabilities = parse_capabilities(invocation.capabilities, "CAP_ARGS");
  }
  return attachment;
}

int report(const std::vector<std::string>& faults) {
  for (const std::string& fault : faults) {
    complain("patchbay: " + fault);
  }
  return faults.empty() ? EXIT_SUCCESS : kFailed;
}

int add(const Runner& runner, const Invocation& invocation) {
  const Attachment attachment = attachment_of(invocation);
  const std::string result = runner.add(attachment);
  UndoLog undo;
  undo.on_failure("detach what was attached", [&] {
    forgive_interrupts();
    runner.del(attachment);
  });
  print(print_result(attachment.owner, result, invocation.wants_json));
  undo.commit();
  return EXIT_SUCCESS;
}

int del(const Runner& runner, const Invocation& invocation) {
  runner.del(attachment_of(invocation));
  return EXIT_SUCCESS;
}

int check(const Runner& runner, const Invocation& invocation) {
  if (!runner.check(attachment_of(invocation)) && !invocation.as_cnitool) {
    complain("patchbay: network '" + invocation.network + "' has disabled CHECK");
  }
  return EXIT_SUCCESS;
}

int status(const Runner& runner, const Invocation& invocation) {
  runner.status(invocation.network);
  return EXIT_SUCCESS;
}

/// The real cnitool tells plugins nothing of attachments.
std::optional<std::vector<Owner>> kept_attachments(const Invocation& invocation) {
  if (invocation.as_cnitool) {
    return std::nullopt;
  }
  std::vector<Owner> keep;
  for (const std::string& text : invocation.keep) {
    const auto slash = text.find('/');
    keep.push_back({invocation.network, text.substr(0, slash), text.substr(slash + 1)});
  }
  return keep;
}

int gc(const Runner& runner, const Invocation& invocation) {
  if (!runner.gc(invocation.network, kept_attachments(invocation)) && !invocation.as_cnitool) {
    complain("patchbay: network '" + invocation.network + "' has disabled GC");
  }
  return EXIT_SUCCESS;
}

int list(const Runner& runner, const Invocation& invocation) {
  const auto listing = runner.cache().list();
  print(print_attachments(listing.entries, invocation.wants_json));
  return report(listing.faults);
}

int networks(const Runner& runner, const Invocation& invocation) {
  const auto catalogue = list_networks(runner.site().conf_dir);
  print(print_networks(catalogue.networks, invocation.wants_json));
  return report(catalogue.faults);
}

int validate_files(const Runner& runner, const Invocation& invocation) {
  const auto findings = validate(invocation.files, runner.site());
  print(print_findings(invocation.files, findings, invocation.wants_json));
  const bool works = std::all_of(
      findings.begin(), findings.end(), [](const Finding& finding) { return finding.is_warning; });
  return works ? EXIT_SUCCESS : kFailed;
}

int lxc_hook(const Runner& runner, const Invocation& /*invocation*/) {
  run_lxc_hook(runner, [](const char* name) { return std::getenv(name); });
  return EXIT_SUCCESS;
}

struct Entry {
  const char* command;
  int (*run)(const Runner&, const Invocation&);
};

constexpr std::array<Entry, 9> kEntries{{
    {"add", add},
    {"del", del},
    {"check", check},
    {"status", status},
    {"gc", gc},
    {"list", list},
    {"networks", networks},
    {"validate", validate_files},
    {"lxc-hook", lxc_hook},
}};

int run(const Invocation& invocation) {
  const Runner runner{invocation.site};
  const auto* entry = std::find_if(kEntries.begin(), kEntries.end(), [&](const Entry& one) {
    return invocation.command == one.command;
  });
  return entry->run(runner, invocation);
}

std::string describe(const Error& e) {
  return e.what() + (e.details().empty() ? "" : " (" + e.details() + ")");
}

int report_failure(const Invocation& invocation, const Error& e) {
  if (invocation.wants_json && !invocation.as_cnitool) {
    print(print_error(e));
  }
  complain((invocation.as_cnitool ? "" : "patchbay: ") + describe(e));
  return kFailed;
}

int main(int argc, char** argv) {
  if (is_elevated()) {
    complain(std::string{"patchbay: "} + kElevated);
    return kFailed;
  }
  const Parsed parsed = parse_command_line(argc, argv);
  if (!parsed.invocation) {
    return parsed.status;
  }
  log::set_context("patchbay " + parsed.invocation->command);
  catch_interrupts();
  try {
    return run(*parsed.invocation);
  } catch (const Error& e) {
    return report_failure(*parsed.invocation, e);
  } catch (const std::exception& e) {
    return report_failure(*parsed.invocation, Error{ErrorCode::internal, e.what()});
  }
}

}  // namespace
}  // namespace patchbay::runner

int main(int argc, char** argv) {
  return patchbay::runner::main(argc, argv);
}
