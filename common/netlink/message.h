#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

struct nl_msg;
struct nlattr;
struct nlmsghdr;

namespace patchbay::nl {

/// One netlink request under construction, by libnl's message builder. It grows no further than
/// its capacity: exceeding it is a defect of ours and throws.
class Message {
 public:
  static constexpr std::size_t kCapacity =
      1024;  ///< Cleared for each message: no more than needed.

  /// `type` is RTM_* or the nfnetlink type; `flags` are NLM_F_* beyond NLM_F_REQUEST.
  Message(std::uint16_t type, std::uint16_t flags, std::size_t capacity = kCapacity);

  /// Appends the fixed header that follows nlmsghdr: ifinfomsg, ifaddrmsg, rtmsg, nfgenmsg...
  template <typename Header>
  Message& header(const Header& value) {
    static_assert(std::is_trivially_copyable_v<Header>);
    append(&value, sizeof value);
    return *this;
  }

  Message& put(int attribute, std::uint8_t value);
  Message& put(int attribute, std::uint16_t value);
  Message& put(int attribute, std::uint32_t value);
  /// In network byte order, as nf_tables has it.
  Message& put_be32(int attribute, std::uint32_t value);
  Message& put_text(int attribute, std::string_view value);  ///< NUL-terminated.
  Message& put_bytes(int attribute, const void* bytes, std::size_t size);

  /// A nested attribute that is closed when the scope ends; what is put meanwhile goes into it.
  class Nest {
   public:
    Nest(Message& message, int attribute);
    ~Nest();
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;
    Nest(Nest&&) = delete;
    Nest& operator=(Nest&&) = delete;

   private:
    nl_msg* message_;
    nlattr* start_;
  };
  [[nodiscard]] Nest nest(int attribute) { return {*this, attribute}; }

  /// Inside a nest that a header must open (IFLA_INFO_DATA/VETH_INFO_PEER starts with ifinfomsg).
  void append(const void* bytes, std::size_t size);

  [[nodiscard]] nlmsghdr* raw() const;

 private:
  struct Deleter {
    void operator()(nl_msg* message) const noexcept;
  };

  std::unique_ptr<nl_msg, Deleter> message_;
};

}  // namespace patchbay::nl
