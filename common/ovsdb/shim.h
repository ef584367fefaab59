#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* The only way to libopenvswitch: JSON-RPC over its streams. Nothing here blocks longer than it is
 * told to. Return values are 0, an errno, or PB_OVSDB_END. */

#define PB_OVSDB_END (-1) /* The server closed the connection. */

/* Silences the library's logging, and ignores SIGPIPE. Before anything else. */
void pb_ovsdb_init(void);

/* Sets what "ssl:" remotes need: names of PEM files. When one of them is not as it should be,
 * opening such a remote is refused with ENOPROTOOPT. */
void pb_ovsdb_set_tls(const char* private_key, const char* certificate, const char* ca_certificate);

struct PbOvsdb;

/* Connects to "unix:PATH", "tcp:IP[:PORT]" or "ssl:IP[:PORT]". */
int pb_ovsdb_open(const char* remote, int timeout_ms, struct PbOvsdb** connection);
void pb_ovsdb_close(struct PbOvsdb* connection);

/* Sends a request whose parameters are the JSON text `params`. */
int pb_ovsdb_send(
    struct PbOvsdb* connection, const char* method, const char* params, long long* id);

struct PbOvsdbReply {
  long long id; /* The request's. */
  int is_error; /* `text` is the reply's "error". */
  char* text;   /* JSON, from malloc. */
};

/* Waits for the next reply; the server's probes are answered meanwhile. ETIMEDOUT when none comes;
 * the connection is then still good. */
int pb_ovsdb_receive(struct PbOvsdb* connection, int timeout_ms, struct PbOvsdbReply* reply);

/* The bytes received so far. */
unsigned int pb_ovsdb_received_bytes(const struct PbOvsdb* connection);

#ifdef __cplusplus
}
#endif
