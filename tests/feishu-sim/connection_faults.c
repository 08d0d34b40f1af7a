#include "connection_faults.h"

#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "mem.h"

/* ReconnectInterval and ReconnectNonce are far shorter than the platform's 120 and 30, so
 * that tests do not wait. */
static const struct connection_faults DEFAULTS = {
    .reconnect_count = -1,
    .reconnect_interval = 1,
    .reconnect_nonce = 1,
    .ping_interval = 120,
};

struct connection_faults connection_faults;

void connections_defaults(void)
{
    free(connection_faults.bootstrap.msg);
    free(connection_faults.handshake.msg);
    connection_faults = DEFAULTS;
}

void connection_config_print(struct buf *out, const char *key)
{
    jw_open(out, key, '{');
    jw_int(out, "ReconnectCount", connection_faults.reconnect_count);
    jw_int(out, "ReconnectInterval", connection_faults.reconnect_interval);
    jw_int(out, "ReconnectNonce", connection_faults.reconnect_nonce);
    jw_int(out, "PingInterval", connection_faults.ping_interval);
    jw_close(out, '}');
}

bool connection_refused(struct connection_refusal *refusal)
{
    if (!refusal->count)
        return false;
    if (refusal->count > 0)
        refusal->count--;
    return true;
}

static int number_of(const cJSON *spec, const char *name, int missing)
{
    const cJSON *v = json_get(spec, name);

    return cJSON_IsNumber(v) ? v->valueint : missing;
}

static void set_refusal(struct connection_refusal *refusal, const cJSON *spec)
{
    refusal->count = number_of(spec, "count", -1);
    refusal->code = number_of(spec, "code", 403);
    refusal->auth_code = number_of(spec, "auth_code", 0);
    set_str(&refusal->msg, json_text(spec, "msg") ? json_text(spec, "msg") : "refused");
    if (!cJSON_IsObject(spec))
        refusal->count = 0;
}

static const struct {
    const char *name;
    int *value;
} NUMBERS[] = {
    {"split", &connection_faults.split_bytes},
    {"drop", &connection_faults.drop},
    {"duplicate", &connection_faults.duplicate},
    {"delay_ms", &connection_faults.delay_ms},
    {"ReconnectCount", &connection_faults.reconnect_count},
    {"ReconnectInterval", &connection_faults.reconnect_interval},
    {"ReconnectNonce", &connection_faults.reconnect_nonce},
    {"PingInterval", &connection_faults.ping_interval},
};
#define N_NUMBERS (sizeof NUMBERS / sizeof NUMBERS[0])

static char *set_one(const cJSON *value)
{
    const char *name = value->string;
    bool on = cJSON_IsTrue(value);

    for (size_t i = 0; i < N_NUMBERS; i++)
        if (strcmp(NUMBERS[i].name, name) == 0) {
            *NUMBERS[i].value = cJSON_IsNumber(value) ? value->valueint : 0;
            return NULL;
        }
    if (strcmp(name, "cut") == 0 || strcmp(name, "close") == 0) {
        if (on)
            connections_end(strcmp(name, "close") == 0);
    } else if (strcmp(name, "shuffle") == 0) {
        connection_faults.shuffle = on;
    } else if (strcmp(name, "tls") == 0) {
        connection_faults.tls = on;
    } else if (strcmp(name, "ignore_pings") == 0) {
        connection_faults.ignore_pings = on;
    } else if (strcmp(name, "refuse_bootstrap") == 0) {
        set_refusal(&connection_faults.bootstrap, value);
    } else if (strcmp(name, "refuse_handshake") == 0) {
        set_refusal(&connection_faults.handshake, value);
    } else {
        return xfmt("unknown member %s", name);
    }
    return NULL;
}

char *connection_control(const cJSON *values)
{
    const cJSON *value;
    char *complaint = NULL;

    cJSON_ArrayForEach(value, values)
    {
        complaint = set_one(value);
        if (complaint)
            return complaint;
    }
    return NULL;
}
