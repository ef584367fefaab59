#include "ovsdb/client.h"

#include <cerrno>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include <sys/resource.h>

#include "base/error.h"
#include "ovsdb/old_server.h"
#include "ovsdb/port.h"
#include "ovsdb/server_test.h"
#include "ovsdb/shim.h"
#include "support/thrown.h"

namespace patchbay::test {
namespace {

using ovsdb::Client;
using ovsdb::Transaction;
using ovsdb::Uuid;
using ovsdb::Value;
using std::chrono::milliseconds;

class ClientTest : public ServerTest {};

Transaction waiting_for(const std::string& name, milliseconds timeout) {
  Transaction transaction;
  transaction.wait(
      {.table = "Port",
       .where = {{"name", "==", Value::text(name)}},
       .columns = {"name"},
       .rows = {{{"name", Value::text(name)}}},
       .timeout = timeout});
  return transaction;
}

TEST_F(ClientTest, DefaultRemoteIsDebians) {
  Client client{{}};

  EXPECT_EQ(client.remote(), "unix:/var/run/openvswitch/db.sock");
}

TEST_F(ClientTest, BarePathIsAccepted) {
  Client client{{.remotes = "/run/openvswitch/db.sock"}};

  EXPECT_EQ(client.remote(), "unix:/run/openvswitch/db.sock");
}

TEST_F(ClientTest, InsertedRowsHaveTheirIdentity) {
  Client client{{}};

  const auto reply = client.transact(adding("p1"), "add port");

  EXPECT_EQ(reply.inserted(2), Uuid::derive("port", "p1"));
  EXPECT_EQ(server->vsctl("list-ports br0"), "p1");
  EXPECT_EQ(server->vsctl("get Port p1 _uuid"), Uuid::derive("port", "p1").str());
}

TEST_F(ClientTest, RemovalByIdentityIsIdempotent) {
  Client client{{}};
  client.transact(adding("p1"), "add port");

  const auto first = client.transact(removing("p1"), "remove port");
  const auto second = client.transact(removing("p1"), "remove port");

  EXPECT_EQ(first.count(0), 1U);
  EXPECT_EQ(second.count(0), 0U);
  EXPECT_EQ(server->vsctl("list-ports br0"), "");
}

TEST_F(ClientTest, SelectedRowsAreRead) {
  (void)server->vsctl("add-port br0 p1 tag=7 -- set Port p1 external_ids:a=b trunks=3");
  Client client{{}};
  Transaction transaction;
  transaction.select(
      "Port",
      {{"external_ids", "includes", Value::map({{"a", "b"}})}},
      {"name", "tag", "trunks", "external_ids", "interfaces"});

  const auto rows = client.transact(std::move(transaction), "select").rows(0);

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].text("name"), "p1");
  EXPECT_EQ(rows[0].number("tag"), 7);
  EXPECT_EQ(rows[0].numbers("trunks"), std::vector<std::int64_t>{3});
  EXPECT_EQ(rows[0].map("external_ids").at("a"), "b");
  EXPECT_EQ(rows[0].rows("interfaces").size(), 1U);
}

TEST_F(ClientTest, MissingBridgeRefusesEverything) {
  (void)server->vsctl("del-br br0");
  Client client{{}};

  const auto reply = client.try_transact(adding("p1"));

  ASSERT_TRUE(reply.refusal());
  EXPECT_EQ(reply.refusal()->operation, 0U);
  EXPECT_EQ(reply.refusal()->error, "timed out");
}

TEST_F(ClientTest, DuplicateNameIsFoundPastTheEnd) {
  (void)server->vsctl("add-port br0 p1");
  Client client{{}};

  const auto reply = client.try_transact(adding("p1"));

  ASSERT_TRUE(reply.refusal());
  EXPECT_EQ(reply.refusal()->operation, 4U);
  EXPECT_EQ(reply.refusal()->error, "constraint violation");
  EXPECT_NE(reply.refusal()->details.find("p1"), std::string::npos);
}

TEST_F(ClientTest, DuplicateIdentityIsRefused) {
  Client client{{}};
  client.transact(adding("p1"), "add port");

  const auto reply = client.try_transact(adding("p1"));

  ASSERT_TRUE(reply.refusal());
  EXPECT_EQ(reply.refusal()->error, "duplicate uuid");
}

TEST_F(ClientTest, PortWithAForeignPortsNameIsRefused) {
  (void)server->vsctl("add-port br0 p1");
  const auto before = server->vsctl("list Port");
  Client client{{}};
  ovsdb::PortInsertion insertion{
      client, {.bridge = "br0", .owner = {"net1", "c1", "eth0"}, .name = IfName::parse("p1")}};

  const auto error = thrown_by([&] { insertion.finish(); });

  EXPECT_EQ(error.code(), ErrorCode::io_failure);
  EXPECT_NE(std::string{error.what()}.find("constraint violation"), std::string::npos);
  EXPECT_EQ(server->vsctl("list Port"), before);
}

TEST_F(ClientTest, UnknownDatabaseIsAnError) {
  Client client{{}};

  const auto error =
      thrown_by([&] { client.transact(Transaction{"Nowhere"}, "look for nothing"); });

  EXPECT_NE(std::string{error.what()}.find("unknown database"), std::string::npos) << error.what();
}

TEST_F(ClientTest, UnknownColumnIsAnError) {
  Client client{{}};
  Transaction transaction;
  transaction.select("Port", {}, {"nonsense"});

  const auto error = thrown_by([&] { client.transact(std::move(transaction), "select"); });

  EXPECT_EQ(error.code(), ErrorCode::io_failure);
}

TEST_F(ClientTest, WaitEndsWhenTheRowsAreThere) {
  Client waiter{{}};
  Client other{{}};

  const auto pending = waiter.send(waiting_for("p1", milliseconds{5000}));
  other.transact(adding("p1"), "add port");

  EXPECT_FALSE(waiter.receive(pending).refusal());
}

TEST_F(ClientTest, WaitTimesOut) {
  Client client{{}};

  const auto error =
      thrown_by([&] { client.transact(waiting_for("p1", milliseconds{20}), "wait for 'p1'"); });

  EXPECT_EQ(error.code(), ErrorCode::try_again_later);
  EXPECT_EQ(std::string{error.what()}.rfind("wait for 'p1': timed out", 0), 0U) << error.what();
}

TEST_F(ClientTest, AnswersAreMatchedToTheirRequests) {
  Client client{{}};

  const auto slow = client.send(waiting_for("p2", milliseconds{5000}));
  const auto fast = client.send(adding("p1"));
  const auto last = client.send(adding("p2"));

  EXPECT_EQ(client.receive(last).inserted(2), Uuid::derive("port", "p2"));
  EXPECT_FALSE(client.receive(slow).refusal());
  EXPECT_EQ(client.receive(fast).inserted(2), Uuid::derive("port", "p1"));
}

/// What `act` receives with nothing in the database, and with 200 ports of others.
template <typename Act>
std::pair<unsigned, unsigned> received_by(const OvsdbServer& server, const Act& act) {
  std::string many;
  for (int i = 0; i < 200; ++i) {
    many += " -- add-port br0 q" + std::to_string(i);
  }
  Client before{{}};
  act(before, "p1");
  (void)server.vsctl(many.substr(4));
  Client after{{}};
  act(after, "p2");
  return {before.received_bytes(), after.received_bytes()};
}

TEST_F(ClientTest, BytesReceivedDoNotGrowWithTheDatabase) {
  const auto [before, after] = received_by(*server, [](Client& client, const std::string& name) {
    client.transact(adding(name), "add port");
  });

  EXPECT_EQ(after, before);
  EXPECT_LT(after, 300U);
}

TEST_F(ClientTest, RemovalOfStalePortsReceivesNothingOfOthers) {
  const auto [before, after] = received_by(*server, [](Client& client, const std::string&) {
    ovsdb::remove_ports_if(client, "net1", [](const Owner&) { return true; });
  });

  EXPECT_EQ(after, before);
  EXPECT_LT(after, 300U);
}

TEST_F(ClientTest, ServerThatDiesIsSomethingToTryAgain) {
  Client client{{}};
  const auto pending = client.send(waiting_for("p1", milliseconds{5000}));

  server->kill();

  const auto error = thrown_by([&] { client.receive(pending); });
  EXPECT_EQ(error.code(), ErrorCode::try_again_later);
  const auto again = thrown_by([&] { client.transact(adding("p1"), "add port"); });
  EXPECT_EQ(again.code(), ErrorCode::try_again_later);
}

TEST_F(ClientTest, ServerThatHangsIsGivenUpInTime) {
  server->daemon().signal(SIGSTOP);
  Client client{{.reply_timeout = milliseconds{50}}};

  const auto error = thrown_by([&] { client.transact(adding("p1"), "add port"); });

  EXPECT_EQ(error.code(), ErrorCode::try_again_later);
  EXPECT_NE(std::string{error.what()}.find("timed out"), std::string::npos) << error.what();
}

TEST_F(ClientTest, MissingServerIsSomethingToTryAgain) {
  server->kill();

  const auto refused = thrown_by([&] { Client{{}}; });
  std::filesystem::remove(server->path("db.sock"));
  const auto missing = thrown_by([&] { Client{{}}; });

  EXPECT_EQ(refused.code(), ErrorCode::try_again_later);
  EXPECT_NE(std::string{refused.what()}.find("Connection refused"), std::string::npos);
  EXPECT_EQ(missing.code(), ErrorCode::try_again_later);
  EXPECT_NE(std::string{missing.what()}.find("No such file"), std::string::npos);
}

TEST_F(ClientTest, RemotesAreTriedInTurn) {
  Client client{{.remotes = "/run/nowhere.sock,tcp:127.0.0.1:1," + server->remote()}};

  EXPECT_EQ(client.remote(), server->remote());
}

TEST_F(ClientTest, RemoteThatHangsIsPassedOver) {
  OvsdbServer hung{"/run/hung"};
  hung.daemon().signal(SIGSTOP);

  Client client{
      {.remotes = hung.remote() + "," + server->remote(), .connect_timeout = milliseconds{50}}};

  EXPECT_EQ(client.remote(), server->remote());
}

TEST_F(ClientTest, AllFailuresAreTold) {
  const auto error = thrown_by([&] { Client{{.remotes = "/run/nowhere.sock,tcp:127.0.0.1:1"}}; });

  EXPECT_STREQ(
      error.what(),
      "connect to ovsdb-server at 'unix:/run/nowhere.sock': No such file or directory; "
      "'tcp:127.0.0.1:1': Connection refused");
}

TEST_F(ClientTest, TcpOfBothFamilies) {
  OvsdbServer tcp{"/run/tcp", {"ptcp:6640:127.0.0.1", "ptcp:6641:[::1]"}};

  EXPECT_EQ(Client{{.remotes = "tcp:127.0.0.1"}}.remote(), "tcp:127.0.0.1");
  EXPECT_EQ(Client{{.remotes = "tcp:[::1]:6641"}}.remote(), "tcp:[::1]:6641");
}

TEST_F(ClientTest, OldServerChoosesIdentitiesItself) {
  OldServer old{"/run/old.sock", server->path("db.sock")};
  Client client{{.remotes = "/run/old.sock"}};

  const auto reply = client.transact(adding("p1"), "add port");

  EXPECT_NE(reply.inserted(2), Uuid::derive("port", "p1"));
  EXPECT_EQ(server->vsctl("list-ports br0"), "p1");
}

TEST_F(ClientTest, NothingIsPrinted) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();

  Client client{{}};
  server->kill();
  EXPECT_THROW(client.transact(adding("p1"), "add port"), Error);
  EXPECT_THROW(Client{{.remotes = "tcp:127.0.0.1:1"}}, Error);

  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

std::vector<sighandler_t> handlers() {
  std::vector<sighandler_t> all;
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGSEGV}) {
    struct sigaction action {};
    ::sigaction(number, nullptr, &action);
    all.push_back(action.sa_handler);
  }
  return all;
}

TEST_F(ClientTest, LackOfDescriptorsIsAnError) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit none{0, limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);

  PbOvsdb* connection = nullptr;
  const std::string remote = server->remote();
  ::pb_ovsdb_init();  // an exception would need descriptors under UBSan
  const int error = ::pb_ovsdb_open(remote.c_str(), 1000, &connection);
  ::setrlimit(RLIMIT_NOFILE, &limit);

  EXPECT_EQ(error, EMFILE);
}

TEST_F(ClientTest, SignalsStayOurs) {
  const auto before = handlers();

  Client client{{}};
  client.transact(adding("p1"), "add port");

  EXPECT_EQ(handlers(), before);
}

TEST_F(ClientTest, TextOfEveryKindSurvives) {
  const std::string odd = "\"quotes\" \\ back\nnew\ttab \xc3\xa4 [] {}";
  Client client{{}};
  Transaction transaction;
  transaction.update(
      "Bridge", {{"name", "==", Value::text("br0")}}, {{"external_ids", Value::map({{odd, odd}})}});
  transaction.select("Bridge", {{"name", "==", Value::text("br0")}}, {"external_ids"});

  const auto reply = client.transact(std::move(transaction), "write odd text");

  EXPECT_EQ(reply.rows(1).front().map("external_ids").at(odd), odd);
}

}  // namespace
}  // namespace patchbay::test
