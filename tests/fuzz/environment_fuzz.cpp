// Any bytes as an environment, written as /proc/<pid>/environ has it ("K=V", each ended by a zero):
// Error is the worst that may come of it, and what is accepted keeps the contract's rules.

#include <algorithm>
#include <map>
#include <string>

#include "base/types.h"
#include "cni/args.h"
#include "cni/environment.h"
#include "fuzz/input.h"

namespace patchbay::cni {
namespace {

using fuzz::attempt;
using fuzz::require;

std::map<std::string, std::string> read_environment(fuzz::Input input) {
  std::map<std::string, std::string> variables;
  while (!input.empty()) {
    const std::string variable = input.text('\0');
    const auto equals = variable.find('=');
    if (equals != std::string::npos) {
      variables[variable.substr(0, equals)] = variable.substr(equals + 1);
    }
  }
  return variables;
}

bool needs_container(Command command) {
  return command == Command::add || command == Command::del || command == Command::check;
}

void check(const Environment& environment) {
  if (needs_container(environment.command)) {
    require(is_identifier(environment.container_id), "a container id is an identifier");
    require(!ifname_fault(environment.ifname), "an interface's name is one that the kernel takes");
  }
  if (environment.command == Command::add || environment.command == Command::check) {
    require(!environment.netns.empty(), "ADD and CHECK have a namespace");
  }
  require(
      environment.command == Command::version || !environment.path.empty(),
      "every command but VERSION has CNI_PATH");
}

/// Reads the arguments once more, in the plainest way.
std::map<std::string, std::string> plainly(std::string text) {
  std::map<std::string, std::string> pairs;
  text += ';';
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find(';', begin);
    const std::string pair = text.substr(begin, end - begin);
    const auto equals = pair.find('=');
    if (!pair.empty()) {
      pairs[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    begin = end + 1;
  }
  return pairs;
}

void use_args(const std::string& text) {
  const Args args{text};
  attempt([&] { args.require_known(); });
  attempt([&] {
    (void)args.find("IP");
    for (const auto& [key, value] : plainly(text)) {
      require(args.find(key) == value, "an argument has the value that was written last");
    }
  });
}

}  // namespace
}  // namespace patchbay::cni

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay;
  const auto variables = cni::read_environment({data, size});
  const auto getenv = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  fuzz::attempt([&] {
    if (const auto environment = cni::parse_environment(getenv)) {
      cni::check(*environment);
    }
  });
  if (const auto found = variables.find("CNI_ARGS"); found != variables.end()) {
    cni::use_args(found->second);
  }
  return 0;
}
