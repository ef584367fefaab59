#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace patchbay::cni {

/// What a string value must look like; becomes "format" in the schema.
enum class Format { text, ifname, ip, cidr, mac, path };

/// Inclusive.
struct Bounds {
  std::int64_t least;
  std::int64_t most;
};

/// The keys of one JSON object, each declared once by a call that names the key, its type, its
/// bounds, where its value goes (what stands there already is the default) and one line of help.
///
/// The same declarations serve twice: over a document they read and check the values, over a
/// schema they describe them. An absent key and null leave the default. While reading, a value of
/// the wrong JSON type is Error{decoding_failure} and an impossible one Error{invalid_config}; both
/// name the key by its path ("ipam.ranges[0][1].subnet") and quote the value.
class Keys {
 public:
  using Member = std::function<void(Keys&)>;
  using Text = std::function<void(const std::string&)>;

  /// Reads from `object` (null: nothing there); `path` is what stands before a key in messages.
  static Keys reading(const nlohmann::json* object, std::string path);
  /// Describes into `schema`, a JSON Schema of type object.
  static Keys describing(nlohmann::json& schema);

  void flag(std::string_view name, bool& target, std::string_view help);
  void text(std::string_view name, std::string& target, std::string_view help);
  /// One of `allowed`.
  void choice(
      std::string_view name,
      std::string& target,
      std::initializer_list<std::string_view> allowed,
      std::string_view help);
  void number(std::string_view name, std::uint32_t& target, Bounds bounds, std::string_view help);
  void number(
      std::string_view name,
      std::optional<std::uint32_t>& target,
      Bounds bounds,
      std::string_view help);
  /// For what 32 bits do not hold.
  void number(std::string_view name, std::uint64_t& target, Bounds bounds, std::string_view help);
  /// A number, or the word `word`, which sets `is_word`.
  void number_or(
      std::string_view name,
      std::uint32_t& target,
      Bounds bounds,
      std::pair<std::string_view, bool&> word,
      std::string_view help);
  /// A string that `parse` reads; an Error it throws is completed with the key's path.
  void parsed(std::string_view name, Format format, const Text& parse, std::string_view help);
  /// An array of such strings.
  void texts(std::string_view name, Format format, const Text& parse, std::string_view help);
  /// An object of strings under names of the author's choice; what stands in `target` stays unless
  /// it is named again.
  void map(
      std::string_view name, std::map<std::string, std::string>& target, std::string_view help);
  /// A nested object, whose keys `members` declares. Called also when the object is absent, so
  /// that a missing required() key inside it is noticed only when the object is there.
  void object(std::string_view name, const Member& members, std::string_view help);
  /// An array of objects; `item` is called for each (once, when describing).
  void objects(std::string_view name, const Member& item, std::string_view help);
  /// An array of arrays of objects: `begin` is called before the items of each inner array.
  void nested_objects(
      std::string_view name,
      const std::function<void()>& begin,
      const Member& item,
      std::string_view help);

  /// The key must be there. Call it beside its declaration.
  void required(std::string_view name);
  /// While reading: the key is there and not null.
  [[nodiscard]] bool has(std::string_view name) const;
  /// The object itself is there (always true when describing).
  [[nodiscard]] bool present() const { return object_ != nullptr || schema_ != nullptr; }
  /// "ipam.subnet" for the key `name` of the object "ipam".
  [[nodiscard]] std::string path_of(std::string_view name) const;

 private:
  Keys(const nlohmann::json* object, nlohmann::json* schema, std::string path)
      : object_{object},
        schema_{schema},
        path_{std::move(path)} {}

  [[nodiscard]] const nlohmann::json* find(std::string_view name) const;
  nlohmann::json& describe(std::string_view name, const char* type, std::string_view help);
  std::int64_t read_number(const nlohmann::json& value, std::string_view name, Bounds bounds);

  const nlohmann::json* object_;
  nlohmann::json* schema_;
  std::string path_;
};

}  // namespace patchbay::cni
