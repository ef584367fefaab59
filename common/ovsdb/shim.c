/* The only translation unit that includes headers of Open vSwitch. */
#include "ovsdb/shim.h"

#include <config.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fatal-signal.h"
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "stream-ssl.h"
#include "stream.h"
#include "timeval.h"
#include "util.h"

struct PbOvsdb {
  struct jsonrpc* rpc;
};

/* In place of the library's own (lib/fatal-signal.c), which takes over the signals that end a
 * process and acts on them only while it waits for something: a plugin has to die of them at once.
 * And it ends the process, printing its reason in its own way, where it cannot make a pipe. */
void fatal_signal_init(void) {}
void fatal_signal_wait(void) {}
void fatal_signal_run(void) {}
void fatal_signal_fork(void) {}
void fatal_signal_atexit_handler(void) {}
void fatal_signal_handler(int signal_number) {
  (void)signal_number;
}
void fatal_signal_block(sigset_t* before) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_BLOCK, &none, before);
}
void fatal_signal_add_hook(
    void (*hook)(void*), void (*cancel)(void*), void* data, bool run_at_exit) {
  (void)hook;
  (void)cancel;
  (void)data;
  (void)run_at_exit;
}
void fatal_signal_add_file_to_unlink(const char* file) {
  (void)file;
}
void fatal_signal_remove_file_to_unlink(const char* file) {
  (void)file;
}
int fatal_signal_unlink_file_now(const char* file) {
  return unlink(file) == 0 ? 0 : errno;
}
void fatal_ignore_sigpipe(void) {
  signal(SIGPIPE, SIG_IGN);
}

/* What libcrypto gets for dlopen() in a static executable, which cannot load modules (linker option
 * --wrap, cmake/Ovs.cmake). glibc's own would try with what it finds on the host. */
void* __wrap_dlopen(const char* file, int mode);
void* __wrap_dlopen(const char* file, int mode) {
  (void)file;
  (void)mode;
  return NULL;
}

void pb_ovsdb_init(void) {
  vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
  fatal_ignore_sigpipe();
}

void pb_ovsdb_set_tls(
    const char* private_key, const char* certificate, const char* ca_certificate) {
  /* The host's openssl.cnf may want modules loaded, which a static executable cannot do. */
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
  stream_ssl_set_key_and_cert(private_key, certificate);
  stream_ssl_set_ca_cert_file(ca_certificate, false);
}

int pb_ovsdb_open(const char* remote, int timeout_ms, struct PbOvsdb** connection) {
  struct stream* stream;
  int error = jsonrpc_stream_open(remote, &stream, 0);
  error = stream_open_block(error, timeout_ms, &stream);
  if (error) {
    return error;
  }
  *connection = xmalloc(sizeof **connection);
  (*connection)->rpc = jsonrpc_open(stream);
  return 0;
}

void pb_ovsdb_close(struct PbOvsdb* connection) {
  if (connection) {
    jsonrpc_close(connection->rpc);
    free(connection);
  }
}

static int errno_of(int status) {
  return status == EOF ? PB_OVSDB_END : status;
}

int pb_ovsdb_send(
    struct PbOvsdb* connection, const char* method, const char* params, long long* id) {
  struct json* json = json_from_string(params);
  struct json* json_id;
  if (json->type != JSON_ARRAY) { /* a string: what is wrong with the text */
    json_destroy(json);
    return EINVAL;
  }
  struct jsonrpc_msg* request = jsonrpc_create_request(method, json, &json_id);
  *id = json_integer(json_id);
  json_destroy(json_id);
  return errno_of(jsonrpc_send(connection->rpc, request));
}

static void answer_probe(struct PbOvsdb* connection, const struct jsonrpc_msg* request) {
  if (!strcmp(request->method, "echo")) {
    jsonrpc_send(connection->rpc, jsonrpc_create_reply(json_clone(request->params), request->id));
  }
}

/* True when `message` is a reply, and then in `reply`. */
static bool take_reply(const struct jsonrpc_msg* message, struct PbOvsdbReply* reply) {
  const bool is_reply = message->type == JSONRPC_REPLY || message->type == JSONRPC_ERROR;
  if (!is_reply || message->id->type != JSON_INTEGER) {
    return false;
  }
  reply->id = json_integer(message->id);
  reply->is_error = message->type == JSONRPC_ERROR;
  reply->text = json_to_string(reply->is_error ? message->error : message->result, 0);
  return true;
}

/* Sends what is queued and waits for something to receive. */
static void wait_once(struct PbOvsdb* connection, long long deadline) {
  jsonrpc_wait(connection->rpc);
  jsonrpc_recv_wait(connection->rpc);
  poll_timer_wait_until(deadline);
  poll_block();
}

int pb_ovsdb_receive(struct PbOvsdb* connection, int timeout_ms, struct PbOvsdbReply* reply) {
  const long long deadline = time_msec() + timeout_ms;
  for (;;) {
    struct jsonrpc_msg* message;
    jsonrpc_run(connection->rpc);
    const int error = jsonrpc_recv(connection->rpc, &message);
    if (message) {
      const bool done = take_reply(message, reply);
      if (message->type == JSONRPC_REQUEST) {
        answer_probe(connection, message);
      }
      jsonrpc_msg_destroy(message);
      if (done) {
        return 0;
      }
    } else if (error && error != EAGAIN) {
      return errno_of(error);
    } else if (time_msec() >= deadline) {
      return ETIMEDOUT;
    } else {
      wait_once(connection, deadline);
    }
  }
}

unsigned int pb_ovsdb_received_bytes(const struct PbOvsdb* connection) {
  return jsonrpc_get_received_bytes(connection->rpc);
}
