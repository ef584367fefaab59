#include "e2e/golden.h"

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "support/run_plugin.h"

namespace patchbay::test {

namespace {

std::string normalised(const nlohmann::json& result) {
  static const std::regex mac{"([0-9a-f]{2}:){5}[0-9a-f]{2}"};
  static const std::regex veth{"veth[0-9a-f]{8}"};
  const auto text = std::regex_replace(result.dump(2), mac, "MAC");
  return std::regex_replace(text, veth, "VETH") + "\n";
}

}  // namespace

std::string difference_to_golden(const std::string& name, const nlohmann::json& result) {
  const std::string path = source_directory() + "/tests/e2e/golden/" + name + ".json";
  const std::string actual = normalised(result);
  const char* update = std::getenv("PATCHBAY_UPDATE_GOLDEN");
  if (update != nullptr && std::string{update} == "1") {
    std::ofstream{path} << actual;
    return {};
  }
  std::ostringstream expected;
  expected << std::ifstream{path}.rdbuf();
  return expected.str() == actual ? std::string{}
                                  : "expected " + path + ":\n" + expected.str() + "got:\n" + actual;
}

}  // namespace patchbay::test
