#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::runner {

/// A place in a text for people: both count from 1, columns in bytes.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

/// Where the parts of a JSON text are.
class Places {
 public:
  /// Reads `text` as far as it is JSON.
  explicit Places(std::string_view text);

  /// Where the text stops being JSON; nullopt when it does not.
  [[nodiscard]] std::optional<Place> fault() const;
  /// The key or array element at `path` ("plugins[0].ipam.subnet"), or what comes closest among
  /// what it would be in; letter case of keys is observed. Nullopt when not even its first part is
  /// there.
  [[nodiscard]] std::optional<Place> find(std::string_view path) const;

 private:
  [[nodiscard]] Place place_of(std::size_t offset) const;

  std::string_view text_;
  std::map<std::string, std::size_t, std::less<>> offsets_;
  std::optional<std::size_t> fault_;
};

/// "file:3:7: message" for a message about `text`, the contents of `file`, which begins with the
/// path of what it is about; `within` is what that path is relative to ("plugins[0]"). Without a
/// known place "file: message".
std::string located(
    const std::string& file,
    std::string_view text,
    const std::string& message,
    const std::string& within = {});

/// The place that located() would name.
std::optional<Place> locate(
    std::string_view text, std::string_view message, const std::string& within = {});

}  // namespace patchbay::runner
