/* The bridge as a whole: opened by main, shared by every thread. */
#ifndef BRIDGE_BRIDGE_H
#define BRIDGE_BRIDGE_H

#include "base/conf.h"
#include "base/ctx.h"

#include <stdbool.h>
#include <stdint.h>

struct bridge;

/* Opens the store and makes the Feishu client. The configuration must outlive the bridge.
 * Works without a Feishu app (then only reading works). */
enum err bridge_open(struct ctx *cx, const struct conf *conf, struct bridge **bridge);
void bridge_close(struct bridge *bridge);

/* The background: pulls of all accounts, by timer and by poke. stop waits for what is
 * under way, 4 s at most. */
enum err bridge_start(struct ctx *cx, struct bridge *bridge);
void bridge_stop(struct bridge *bridge);
/* The first half of stop, which waits for nobody: no more waiting for Feishu, but for the
 * answers to writes that were sent. Requests may still be under way. */
void bridge_stop_waiting(struct bridge *bridge);
/* "This account, or this calendar of it (0 = all), is dirty: pull it soon." Cheap, any
 * thread. */
void bridge_poke(struct bridge *bridge, int64_t account_id, int64_t calendar_id);

/* One whole pull in the calling thread, for "sync NAME". Says what changed. */
struct bridge_pull_result {
    size_t calendars, changed, removed, failed;
    size_t unreadable; /* series with exceptions that Feishu gave without good times */
    bool deferred; /* something was written so shortly before that it is read again */
};
enum err bridge_pull(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct bridge_pull_result *result);

/* The next pull reads every event of the account anew and compares. */
enum err bridge_forget_tokens(struct ctx *cx, struct bridge *bridge, int64_t account_id);

/* "check": tries the app's credentials (a tenant token) and the store. */
enum err bridge_check_feishu(struct ctx *cx, struct bridge *bridge);
enum err bridge_check_store(struct ctx *cx, struct bridge *bridge);

/* "convert --fields": the table of fields as a page of Markdown. */
const char *bridge_fields(struct ctx *cx);
/* "convert FILE": .ics to Feishu JSON or back, offline. name decides nothing: the text
 * does. */
enum err bridge_convert(
    struct ctx *cx, const char *text, size_t len_bytes, char **result);

/* Numbers for /metrics. */
struct bridge_metrics {
    int64_t upstream_calls, upstream_errors, pulls, pull_errors, accounts,
        accounts_sign_in, calendars, objects;
    int64_t events_long_connection, events_callback; /* 1 = in use */
    int64_t events_received, events_duplicate, events_refused, events_connections;
    int64_t subscriptions;
    int64_t store_log_stuck; /* 1 = it could not be copied into the database */
};
void bridge_metrics(
    struct ctx *cx, struct bridge *bridge, struct bridge_metrics *metrics);

#endif
