#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <unistd.h>

#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "base/unique_fd.h"
#include "netlink/addr.h"
#include "netlink/attribute.h"
#include "netlink/bridge.h"
#include "netlink/link_wire.h"
#include "netlink/route.h"
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

/// A netlink socket whose kernel is the test, which gives its answers before it is asked.
class AnswerTest : public testing::Test {
 protected:
  void SetUp() override {
    // Of the sockets with datagrams, these alone do not mind that sendto() names the kernel.
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    const UniqueFd ours{ends[0]};
    kernel_ = UniqueFd{ends[1]};
    ASSERT_EQ(::dup3(ours.get(), socket_.fd(), O_CLOEXEC), socket_.fd());
  }
  /// The socket's requests are numbered from 1.
  void answer(std::uint32_t request, const Message& message) {
    nlmsghdr* raw = message.raw();
    raw->nlmsg_seq = request;
    ASSERT_EQ(::send(kernel_.get(), raw, raw->nlmsg_len, 0), static_cast<int>(raw->nlmsg_len));
  }
  void end_dump(std::uint32_t request) { answer(request, {NLMSG_DONE, 0}); }

  Socket socket_;

 private:
  UniqueFd kernel_;
};

constexpr IfIndex kLink{7};

TEST_F(AnswerTest, VlanThatIsCutShortIsNone) {
  const bridge_vlan_info vlan{0, 100};
  Message message = link_message(RTM_NEWLINK, 0, static_cast<int>(kLink));
  {
    const auto nest = message.nest(IFLA_AF_SPEC);
    message.put_bytes(IFLA_BRIDGE_VLAN_INFO, &vlan, sizeof vlan);
    message.put_bytes(IFLA_BRIDGE_VLAN_INFO, &vlan, sizeof vlan.flags);
  }
  answer(1, message);
  end_dump(1);

  const auto vlans = list_vlans(socket_, {.index = kLink, .name = IfName::parse("eth0")});

  EXPECT_EQ(vlans, (std::vector<VlanRange>{{100, 100}}));
}

/// The rest of the answer before is still behind the end of one that is cut short.
TEST_F(AnswerTest, RouteThatIsCutShortIsNotLocal) {
  rtmsg header{};
  header.rtm_type = RTN_LOCAL;
  Message whole{RTM_NEWROUTE, 0};
  answer(1, whole.header(header));
  Message cut{RTM_NEWROUTE, 0};
  cut.append(&header, 4);
  answer(2, cut);

  EXPECT_TRUE(is_local(socket_, IpAddr::parse("10.1.0.1")));
  EXPECT_FALSE(is_local(socket_, IpAddr::parse("10.1.0.1")));
}

Message address_message(const IpPrefix& prefix) {
  ifaddrmsg header{};
  header.ifa_family = prefix.is_v6() ? AF_INET6 : AF_INET;
  header.ifa_prefixlen = static_cast<std::uint8_t>(prefix.length());
  header.ifa_index = static_cast<std::uint32_t>(kLink);
  Message message{RTM_NEWADDR, 0};
  message.header(header);
  message.put_bytes(IFA_ADDRESS, prefix.address().bytes().data(), prefix.address().size());
  return message;
}

Message route_message(const IpPrefix& dst) {
  rtmsg header{};
  header.rtm_family = dst.is_v6() ? AF_INET6 : AF_INET;
  header.rtm_dst_len = static_cast<std::uint8_t>(dst.length());
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_type = RTN_UNICAST;
  Message message{RTM_NEWROUTE, 0};
  message.header(header);
  message.put_bytes(RTA_DST, dst.address().bytes().data(), dst.address().size());
  message.put(RTA_OIF, static_cast<std::uint32_t>(kLink));
  return message;
}

const std::array kHosts{IpAddr::parse("10.1.0.2"), IpAddr::parse("fd00::2")};

TEST_F(AnswerTest, AddressWithAPrefixLongerThanItselfIsNone) {
  for (std::uint32_t i = 0; i < kHosts.size(); ++i) {
    answer(i + 1, address_message(IpPrefix::host(kHosts.at(i))));
    answer(i + 1, address_message({kHosts.at(i), kHosts.at(i).bits() + 1}));
    end_dump(i + 1);
  }

  const auto addresses = list_addresses(socket_, kLink);

  ASSERT_EQ(addresses.size(), 2U);
  EXPECT_EQ(addresses[0].prefix.str(), "10.1.0.2/32");
  EXPECT_EQ(addresses[1].prefix.str(), "fd00::2/128");
}

TEST_F(AnswerTest, RouteToAPrefixLongerThanAnAddressIsNone) {
  for (std::uint32_t i = 0; i < kHosts.size(); ++i) {
    answer(i + 1, route_message(IpPrefix::host(kHosts.at(i))));
    answer(i + 1, route_message({kHosts.at(i), kHosts.at(i).bits() + 1}));
    end_dump(i + 1);
  }

  const auto routes = list_routes(socket_, kLink);

  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].dst.str(), "10.1.0.2/32");
  EXPECT_EQ(routes[1].dst.str(), "fd00::2/128");
}

}  // namespace
}  // namespace patchbay::nl
