#include "patchbay/places.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <vector>

#include <nlohmann/json.hpp>

#include "cni/json.h"

namespace patchbay::runner {

namespace {

using nlohmann::json;

/// Iterates over a text and tells how far the parser has read.
class Reader {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Reader(const char* at, std::size_t& read) : at_{at}, read_{&read} {}

  reference operator*() const { return *at_; }
  Reader& operator++() {
    ++at_;
    ++*read_;
    return *this;
  }
  friend bool operator==(const Reader& a, const Reader& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  std::size_t* read_;
};

/// Notes the offset of every key and array element while the parser goes through the text.
class Recorder : public nlohmann::json_sax<json> {
 public:
  Recorder(
      std::string_view text,
      const std::size_t& read,
      std::map<std::string, std::size_t, std::less<>>& offsets)
      : text_{text},
        read_{read},
        offsets_{offsets} {}

  bool null() override { return value(); }
  bool boolean(bool /*value*/) override { return value(); }
  bool number_integer(number_integer_t /*value*/) override { return value(); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return value(); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return value(); }
  bool string(string_t& /*value*/) override { return value(); }
  bool binary(binary_t& /*value*/) override { return value(); }
  bool start_object(std::size_t /*size*/) override { return begin(false); }
  bool start_array(std::size_t /*size*/) override { return begin(true); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  bool key(string_t& name) override {
    const std::string& parent = frames_.back().path;
    path_ = parent.empty() ? name : parent + "." + name;
    offsets_.emplace(path_, token_start());
    return true;
  }
  bool parse_error(
      std::size_t read, const std::string& /*token*/, const json::exception& /*e*/) override {
    const std::size_t end = std::min(read, text_.size());
    fault_ = end == 0 ? 0 : start_of(end - 1);
    return false;
  }

  /// Where the token begins that is not what JSON wants there.
  [[nodiscard]] std::size_t fault() const { return fault_; }

 private:
  struct Frame {
    std::string path;
    bool is_array;
    std::size_t count = 0;
  };

  bool value() {
    if (!frames_.empty() && frames_.back().is_array) {
      Frame& array = frames_.back();
      path_ = array.path + "[" + std::to_string(array.count++) + "]";
      offsets_.emplace(path_, token_start());
    }
    return true;
  }
  /// What is nested too deeply for any reader is a fault too, and would take paths without end.
  bool begin(bool is_array) {
    value();
    frames_.push_back({path_, is_array});
    fault_ = std::min(read_, text_.size()) - 1;
    return frames_.size() <= cni::kDepthLimit;
  }
  bool end() {
    frames_.pop_back();
    return true;
  }

  /// Where the token begins that the parser has just read; a number is known to end only one
  /// character later.
  [[nodiscard]] std::size_t token_start() const {
    constexpr std::string_view kAhead = " \t\r\n,]}";
    std::size_t last = std::min(read_, text_.size()) - 1;
    while (last > 0 && kAhead.find(text_[last]) != std::string_view::npos) {
      --last;
    }
    return start_of(last);
  }
  /// Where the token begins that ends at `last`.
  [[nodiscard]] std::size_t start_of(std::size_t last) const {
    if (text_[last] == '"' && last > 0) {
      return opening_quote(last);
    }
    while (last > 0 && is_word(text_[last]) && is_word(text_[last - 1])) {
      --last;
    }
    return last;
  }
  [[nodiscard]] std::size_t opening_quote(std::size_t closing) const {
    std::size_t at = closing;
    do {
      at = at == 0 ? std::string_view::npos : text_.rfind('"', at - 1);
    } while (at != std::string_view::npos && is_escaped(at));
    return at == std::string_view::npos ? closing : at;
  }
  [[nodiscard]] bool is_escaped(std::size_t at) const {
    std::size_t backslashes = 0;
    while (at > backslashes && text_[at - 1 - backslashes] == '\\') {
      ++backslashes;
    }
    return backslashes % 2 == 1;
  }
  static bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+' || c == '.';
  }

  std::string_view text_;
  const std::size_t& read_;
  std::map<std::string, std::size_t, std::less<>>& offsets_;
  std::vector<Frame> frames_;
  std::string path_;
  std::size_t fault_ = 0;
};

/// `path` without its last part; empty when it has one only.
std::string_view parent_of(std::string_view path) {
  const auto end = path.find_last_of(".[");
  return end == std::string_view::npos ? std::string_view{} : path.substr(0, end);
}

}  // namespace

Places::Places(std::string_view text) : text_{text} {
  std::size_t read = 0;
  Recorder recorder{text, read, offsets_};
  const Reader begin{text.data(), read};
  const Reader end{text.data() + text.size(), read};
  if (!json::sax_parse(begin, end, &recorder)) {
    fault_ = recorder.fault();
  }
}

std::optional<Place> Places::fault() const {
  return fault_ ? std::optional{place_of(*fault_)} : std::nullopt;
}

std::optional<Place> Places::find(std::string_view path) const {
  for (; !path.empty(); path = parent_of(path)) {
    if (const auto found = offsets_.find(path); found != offsets_.end()) {
      return place_of(found->second);
    }
  }
  return std::nullopt;
}

Place Places::place_of(std::size_t offset) const {
  const auto before = text_.substr(0, offset);
  const auto line_start = before.rfind('\n') + 1;  // 0 on the first line
  const auto lines = std::count(before.begin(), before.end(), '\n');
  return {static_cast<std::size_t>(lines) + 1, offset - line_start + 1};
}

std::optional<Place> locate(
    std::string_view text, std::string_view message, const std::string& within) {
  const Places places{text};
  if (const auto fault = places.fault()) {
    return fault;
  }
  const auto subject = std::string{message.substr(0, message.find(": "))};
  return places.find(within.empty() ? subject : within + "." + subject);
}

std::string located(
    const std::string& file,
    std::string_view text,
    const std::string& message,
    const std::string& within) {
  const auto place = locate(text, message, within);
  if (!place) {
    return file + ": " + message;
  }
  return file + ":" + std::to_string(place->line) + ":" + std::to_string(place->column) + ": " +
         message;
}

}  // namespace patchbay::runner
