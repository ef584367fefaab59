#pragma once

#include <string>

#include "support/temp_directory.h"

namespace patchbay::test {

/// A directory with authorities and the identities they vouch for, as PEM files: NAME.key and
/// NAME.pem.
class Certificates {
 public:
  void make_authority(const std::string& name) const;
  void issue(const std::string& name, const std::string& authority) const;
  [[nodiscard]] std::string path(const std::string& file) const { return files_.path(file); }

 private:
  TempDirectory files_;
};

}  // namespace patchbay::test
