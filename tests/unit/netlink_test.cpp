#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <gtest/gtest.h>

#include "netlink/attribute.h"
#include "netlink/link_wire.h"
#include "netlink/socket.h"

namespace patchbay::nl {
namespace {

/// Bytes with nothing behind them, which AddressSanitizer watches over.
class Exactly {
 public:
  Exactly(const void* bytes, std::size_t size) : bytes_{new char[size]} {
    std::memcpy(bytes_.get(), bytes, size);
  }
  [[nodiscard]] const nlmsghdr& message() const {
    return *reinterpret_cast<const nlmsghdr*>(bytes_.get());
  }
  [[nodiscard]] const nlattr* attribute() const {
    return reinterpret_cast<const nlattr*>(bytes_.get());
  }

 private:
  std::unique_ptr<char[]> bytes_;
};

Exactly exactly(const Message& message) {
  return {message.raw(), message.raw()->nlmsg_len};
}

Exactly attribute_of(const std::string& value) {
  const nlattr header{static_cast<std::uint16_t>(sizeof header + value.size()), 1};
  std::string bytes{reinterpret_cast<const char*>(&header), sizeof header};
  bytes += value;
  return {bytes.data(), bytes.size()};
}

TEST(AttributeTest, NumberThatIsTooShortIsNone) {
  EXPECT_EQ(value_in<std::uint32_t>(attribute_of("abc").attribute()), std::nullopt);
  EXPECT_EQ(value_in<std::uint8_t>(attribute_of("").attribute()), std::nullopt);
  EXPECT_EQ(value_in<std::uint32_t>(nullptr), std::nullopt);
  EXPECT_EQ(value_in<std::uint8_t>(attribute_of("a").attribute()), 'a');
}

TEST(AttributeTest, TextEndsWithTheAttribute) {
  using namespace std::string_literals;
  EXPECT_EQ(text_in(attribute_of("veth").attribute()), "veth");
  EXPECT_EQ(text_in(attribute_of("veth\0behind"s).attribute()), "veth");
  EXPECT_EQ(text_in(attribute_of("").attribute()), "");
  EXPECT_EQ(text_in(nullptr), "");
}

Message error_message(int error, std::uint32_t length, std::uint16_t flags = NLM_F_ACK_TLVS) {
  Message message{NLMSG_ERROR, flags};
  nlmsgerr header{};
  header.error = error;
  header.msg.nlmsg_len = length;
  message.header(header);
  return message;
}

TEST(AcknowledgementTest, HasTheKernelsWordsBehindTheRequest) {
  Message message = error_message(-ERANGE, sizeof(nlmsghdr) + 8);
  message.append("request", 8);
  message.put_text(NLMSGERR_ATTR_MSG, "mtu less than device minimum");

  const auto refusal = acknowledgement(exactly(message).message());

  EXPECT_EQ(refusal->error, ERANGE);
  EXPECT_EQ(refusal->extack, "mtu less than device minimum");
}

/// The request is said to be larger than any message.
TEST(AcknowledgementTest, WordsThatWouldBeBehindTheMessageAreNotRead) {
  for (const std::uint32_t length : {0U, 15U, 17U, 0x7fff'ffffU, 0x8000'0000U, 0xffff'ffffU}) {
    const auto reply = exactly(error_message(-ERANGE, length));
    EXPECT_EQ(acknowledgement(reply.message())->extack, "") << length;
  }
}

TEST(AcknowledgementTest, WordsWithoutAnEndStopAtTheMessages) {
  Message message = error_message(-ERANGE, 0, NLM_F_ACK_TLVS | NLM_F_CAPPED);
  message.put_bytes(NLMSGERR_ATTR_MSG, "mtu!", 4);

  EXPECT_EQ(acknowledgement(exactly(message).message())->extack, "mtu!");
}

TEST(AcknowledgementTest, OneThatIsCutShortIsARefusal) {
  Message message{NLMSG_ERROR, 0};
  message.append("\0\0\0", 4);

  EXPECT_EQ(acknowledgement(exactly(message).message())->error, EBADMSG);
}

TEST(AcknowledgementTest, CodeThatIsNoErrnoIsARefusal) {
  for (const int code : {1, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    EXPECT_EQ(acknowledgement(exactly(error_message(code, 0)).message())->error, EBADMSG) << code;
  }
}

TEST(ParseLinkTest, AttributesThatAreTooShortAreNone) {
  Message message = link_message(RTM_NEWLINK, 0, 7);
  message.put_bytes(IFLA_IFNAME, "eth0", 4);
  message.put_bytes(IFLA_MTU, "\1", 1);
  message.put_bytes(IFLA_LINK, "\1\0", 2);
  message.put_bytes(IFLA_OPERSTATE, "", 0);
  message.put_bytes(IFLA_IFALIAS, "mark", 4);

  const auto link = parse_link(exactly(message).message());

  ASSERT_TRUE(link.has_value());
  EXPECT_EQ(link->name.str(), "eth0");
  EXPECT_EQ(link->mtu, Mtu{});
  EXPECT_EQ(link->peer, std::nullopt);
  EXPECT_FALSE(link->oper_up);
  EXPECT_EQ(link->alias, "mark");
}

}  // namespace
}  // namespace patchbay::nl
