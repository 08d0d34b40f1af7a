/* What goes wrong on long connections, and what the platform tells its clients to do. */
#ifndef SIM_CONNECTION_FAULTS_H
#define SIM_CONNECTION_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

#define CONNECTION_SERVICE 33554678

struct connection_refusal {
    int count;     /* so many times; -1 for ever */
    int code;      /* of the bootstrap, or Handshake-Status */
    int auth_code; /* Handshake-Autherrcode */
    char *msg;
};

struct connection_faults {
    struct connection_refusal bootstrap, handshake;
    int split_bytes;     /* 0: whole messages */
    bool shuffle;        /* parts come in reverse order */
    int drop, duplicate; /* so many of the next messages */
    int delay_ms;
    bool ignore_pings;
    bool tls; /* addresses are wss://: something in front of the simulator speaks TLS */
    /* ClientConfig, seconds */
    int reconnect_count, reconnect_interval, reconnect_nonce, ping_interval;
};
extern struct connection_faults connection_faults;

/* The ClientConfig object. */
void connection_config_print(struct buf *out, const char *key);
/* True when this one is to be refused; counts it. */
bool connection_refused(struct connection_refusal *refusal);

/* connection.c */
size_t connections_count(void);
void connections_end(bool politely);

#endif
