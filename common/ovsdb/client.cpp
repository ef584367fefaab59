#include "ovsdb/client.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/log.h"
#include "ovsdb/shim.h"

namespace patchbay::ovsdb {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

int left_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
  return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

std::string text_of(int error) {
  switch (error) {
    case PB_OVSDB_END:
      return "the server closed the connection";
    case EPROTO:
      return "TLS handshake failed: one side does not trust the other's certificate, or does not "
             "speak TLS";
    case ENOPROTOOPT:
      return "privateKey, certificate and caCertificate must be PEM files that belong together";
    default:
      return std::strerror(error);
  }
}

/// What stays as it is until somebody changes the configuration.
bool is_lasting(int error) {
  return error == EPROTO || error == ENOPROTOOPT || error == EACCES || error == EPERM;
}

[[noreturn]] void lost(const std::string& remote, int error) {
  throw Error{
      ErrorCode::try_again_later,
      "talk to ovsdb-server at " + quote(remote) + ": " + text_of(error)};
}

/// A server before Open vSwitch 2.17 takes the member "uuid" of an insertion for a mistake.
bool is_about_identities(const Reply& reply) {
  const auto& refusal = reply.refusal();
  return refusal && refusal->error == "syntax error" &&
         refusal->details.find("'uuid'") != std::string::npos;
}

}  // namespace

void Client::Deleter::operator()(PbOvsdb* connection) const noexcept {
  ::pb_ovsdb_close(connection);
}

Client::Client(const Endpoint& endpoint) : endpoint_{endpoint} {
  ::pb_ovsdb_init();
  const auto remotes = parse_remotes(endpoint_.remotes);
  require_tls_files(endpoint_);
  if (!endpoint_.ca_certificate.empty()) {
    ::pb_ovsdb_set_tls(
        endpoint_.private_key.c_str(),
        endpoint_.certificate.c_str(),
        endpoint_.ca_certificate.c_str());
  }
  std::string failures;
  bool lasting = true;
  for (const auto& remote : remotes) {
    const int error = connect(remote, remotes.size() > 1);
    if (error == 0) {
      return;
    }
    failures += (failures.empty() ? "" : "; ") + quote(remote) + ": " + text_of(error);
    lasting = lasting && is_lasting(error);
  }
  throw Error{
      lasting ? ErrorCode::invalid_config : ErrorCode::try_again_later,
      "connect to ovsdb-server at " + failures};
}

Client::~Client() = default;

/// A hung server is connected to all the same: with `probe` it has to answer, too.
int Client::connect(const std::string& remote, bool probe) {
  const auto deadline = Clock::now() + endpoint_.connect_timeout;
  PbOvsdb* connection = nullptr;
  int error = ::pb_ovsdb_open(remote.c_str(), left_until(deadline), &connection);
  if (error != 0) {
    return error;
  }
  connection_.reset(connection);
  remote_ = remote;
  long long id = 0;
  if (probe) {
    error = ::pb_ovsdb_send(connection, "echo", "[]", &id);
    PbOvsdbReply reply{};
    if (error == 0) {
      error = ::pb_ovsdb_receive(connection, left_until(deadline), &reply);
    }
    std::free(reply.text);
  }
  return error;
}

long long Client::request(const char* method, const std::string& params) {
  long long id = 0;
  const int error = ::pb_ovsdb_send(connection_.get(), method, params.c_str(), &id);
  if (error != 0) {
    lost(remote_, error);
  }
  return id;
}

Client::Answer Client::await(long long id, milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  for (auto found = early_.find(id);; found = early_.find(id)) {
    if (found != early_.end()) {
      Answer answer = std::move(found->second);
      early_.erase(found);
      return answer;
    }
    PbOvsdbReply reply{};
    const int error = ::pb_ovsdb_receive(connection_.get(), left_until(deadline), &reply);
    if (error != 0) {
      lost(remote_, error);
    }
    early_.emplace(reply.id, Answer{reply.is_error != 0, reply.text});
    std::free(reply.text);
  }
}

Pending Client::send(Transaction transaction) {
  const auto params = transaction.params(names_rows_);
  if (log::debug_enabled()) {
    log::debug("ovsdb " + remote_ + ": transact " + params);
  }
  const auto id = request("transact", params);
  return {id, std::move(transaction)};
}

Reply Client::read(const Pending& pending) {
  const auto& transaction = pending.transaction;
  const Answer answer = await(pending.id, endpoint_.reply_timeout + transaction.longest_wait());
  if (answer.is_error) {
    throw Error{
        ErrorCode::io_failure,
        "ask ovsdb-server at " + quote(remote_) + " for a transaction: " + quote(answer.text)};
  }
  return Reply::parse(answer.text, transaction.size());
}

Reply Client::receive(const Pending& pending) {
  Reply reply = read(pending);
  if (names_rows_ && pending.transaction.names_rows() && is_about_identities(reply)) {
    names_rows_ = false;
    return read(send(pending.transaction));
  }
  return reply;
}

Reply Client::try_transact(Transaction transaction) {
  return receive(send(std::move(transaction)));
}

Reply Client::transact(Transaction transaction, std::string_view what) {
  Reply reply = try_transact(std::move(transaction));
  if (reply.refusal()) {
    reply.refusal()->raise(what);
  }
  return reply;
}

unsigned Client::received_bytes() const {
  return ::pb_ovsdb_received_bytes(connection_.get());
}

}  // namespace patchbay::ovsdb
