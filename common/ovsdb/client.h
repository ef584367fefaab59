#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ovsdb/remote.h"
#include "ovsdb/reply.h"
#include "ovsdb/transaction.h"

struct PbOvsdb;

namespace patchbay::ovsdb {

/// A transaction whose answer has not been asked for yet.
struct Pending {
  long long id;
  Transaction transaction;
};

/// One connection to a database server, for a few transactions. It asks for no schema and monitors
/// nothing, so what travels does not depend on the size of the database.
///
/// Not for threads: the library behind it is one for the whole process. Throws
/// Error{try_again_later} when the server cannot be reached, hangs up or does not answer in time;
/// what became of a transaction that was sent is then unknown, so it should be one that can be
/// repeated or undone.
class Client {
 public:
  /// Connects to the first remote that answers. Throws Error{invalid_config} for remotes and TLS
  /// files that cannot be used.
  explicit Client(const Endpoint& endpoint);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) = delete;
  Client& operator=(Client&&) = delete;
  ~Client();

  /// Has `transaction` carried out. A refusal is an answer: ask the reply for it.
  Reply try_transact(Transaction transaction);
  /// As try_transact(), but throws for a refusal; `what` completes the message.
  Reply transact(Transaction transaction, std::string_view what);

  /// Sends `transaction` and returns at once; the server works while the caller does.
  Pending send(Transaction transaction);
  /// Waits for the answer, which may have come already. Answers can be asked for in any order.
  Reply receive(const Pending& pending);

  /// The remote that answered.
  [[nodiscard]] const std::string& remote() const noexcept { return remote_; }
  [[nodiscard]] unsigned received_bytes() const;

 private:
  struct Deleter {
    void operator()(PbOvsdb* connection) const noexcept;
  };
  struct Answer {
    bool is_error;
    std::string text;
  };

  int connect(const std::string& remote, bool probe);
  long long request(const char* method, const std::string& params);
  Answer await(long long id, std::chrono::milliseconds timeout);
  Reply read(const Pending& pending);

  Endpoint endpoint_;
  std::string remote_;
  std::unique_ptr<PbOvsdb, Deleter> connection_;
  std::map<long long, Answer> early_;  ///< Answers that came while others were waited for.
  bool names_rows_ = true;             ///< The server lets us choose identities.
};

}  // namespace patchbay::ovsdb
