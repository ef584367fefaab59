#include "base/error.h"
#include "ovsdb/certificates.h"
#include "ovsdb/client.h"
#include "ovsdb/server_test.h"
#include "support/thrown.h"

namespace patchbay::test {
namespace {

using ovsdb::Client;
using ovsdb::Endpoint;

/// A server that speaks TLS at 127.0.0.1:6640; "good" is the authority that it and its clients
/// trust.
class TlsTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    files_.make_authority("good");
    files_.make_authority("bad");
    files_.issue("server", "good");
    files_.issue("client", "good");
    tls_ = std::make_unique<OvsdbServer>(
        "/run/tls",
        std::vector<std::string>{"pssl:6640:127.0.0.1"},
        std::vector<std::string>{
            "--private-key=" + file("server.key"),
            "--certificate=" + file("server.pem"),
            "--ca-cert=" + file("good.pem")});
  }
  void TearDown() override {
    tls_.reset();
    ServerTest::TearDown();
  }

  [[nodiscard]] std::string file(const std::string& name) const { return files_.path(name); }
  [[nodiscard]] Endpoint endpoint(const std::string& identity, const std::string& authority) const {
    return {
        .remotes = "ssl:127.0.0.1:6640",
        .private_key = file(identity + ".key"),
        .certificate = file(identity + ".pem"),
        .ca_certificate = file(authority + ".pem")};
  }

  Certificates files_;

 private:
  std::unique_ptr<OvsdbServer> tls_;
};

TEST_F(TlsTest, TransactionsAreDone) {
  Client client{endpoint("client", "good")};

  const auto reply = client.try_transact(removing("p1"));

  EXPECT_FALSE(reply.refusal());
}

TEST_F(TlsTest, ServerOfAnotherAuthorityIsRefused) {
  const auto error = thrown_by([&] { Client{endpoint("client", "bad")}; });

  EXPECT_EQ(error.code(), ErrorCode::invalid_config);
  EXPECT_NE(std::string{error.what()}.find("does not trust"), std::string::npos) << error.what();
}

TEST_F(TlsTest, ClientOfAnotherAuthorityIsRefused) {
  files_.issue("stranger", "bad");

  EXPECT_THROW(Client{endpoint("stranger", "good")}.try_transact(removing("p1")), Error);
}

TEST_F(TlsTest, KeyOfAnotherCertificateIsRefused) {
  auto mixed = endpoint("client", "good");
  mixed.private_key = file("server.key");

  const auto error = thrown_by([&] { Client{mixed}; });

  EXPECT_EQ(error.code(), ErrorCode::invalid_config);
  EXPECT_NE(std::string{error.what()}.find("privateKey"), std::string::npos) << error.what();
}

TEST_F(TlsTest, MissingFilesAreNamed) {
  auto missing = endpoint("client", "good");
  missing.certificate = file("nowhere.pem");
  auto without = endpoint("client", "good");
  without.ca_certificate.clear();

  EXPECT_EQ(std::string{thrown_by([&] { Client{missing}; }).what()}.rfind("certificate: ", 0), 0U);
  EXPECT_EQ(
      std::string{thrown_by([&] { Client{without}; }).what()}.rfind("caCertificate: missing", 0),
      0U);
}

TEST_F(TlsTest, ServerThatSpeaksNoTlsIsRefused) {
  OvsdbServer plain{"/run/plain", {"ptcp:6641:127.0.0.1"}};
  auto wrong = endpoint("client", "good");
  wrong.remotes = "ssl:127.0.0.1:6641";

  EXPECT_THROW(Client{wrong}, Error);
}

}  // namespace
}  // namespace patchbay::test
