#pragma once

#include <array>
#include <string>
#include <string_view>

namespace patchbay::cni {

/// Every spec version that is understood, oldest first.
inline constexpr std::array<std::string_view, 7> kVersions{
    "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};

/// A spec version out of kVersions; ordered by age.
class Version {
 public:
  /// An empty text is 0.1.0 (CNI spec, "cniVersion"). Throws Error{incompatible_version}.
  static Version parse(std::string_view text);
  static constexpr Version newest() { return Version{6}; }

  /// @name The versions that changed something
  /// @{
  static constexpr Version with_interfaces() { return Version{2}; }       ///< 0.3.0
  static constexpr Version with_check() { return Version{4}; }            ///< 0.4.0
  static constexpr Version without_ip_version() { return Version{5}; }    ///< 1.0.0
  static constexpr Version with_gc_and_status() { return Version{6}; }    ///< 1.1.0
  static constexpr Version with_mtu_and_metrics() { return Version{6}; }  ///< 1.1.0
  /// @}

  [[nodiscard]] constexpr std::string_view str() const { return kVersions.at(position_); }

  friend constexpr auto operator<=>(const Version&, const Version&) = default;

 private:
  constexpr explicit Version(std::size_t position) : position_{position} {}

  std::size_t position_;
};

}  // namespace patchbay::cni
