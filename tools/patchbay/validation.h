#pragma once

#include <optional>
#include <string>
#include <vector>

#include "patchbay/places.h"
#include "patchbay/runner.h"

namespace patchbay::runner {

/// Something in a file that somebody should look at.
struct Finding {
  std::string file;
  std::optional<Place> place;
  std::string message;
  bool is_warning = false;  ///< The network works all the same.
  std::string examined{};   ///< The file that was given; a plugin may be in one of its own.

  /// "file:3:7: message", as compilers print it.
  [[nodiscard]] std::string str() const;
};

/// Everything that would keep the networks in `files` from working here and now: what is no JSON or
/// no conflist, a key that its plugin does not know, a plugin that is missing, cannot be executed
/// or does not speak the version, and whatever the plugins themselves object to when they are asked
/// for their STATUS. Executes the plugins, attaches nothing.
std::vector<Finding> validate(const std::vector<std::string>& files, const Site& site);

}  // namespace patchbay::runner
