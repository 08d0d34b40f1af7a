#include "http/metrics.h"

#include "bridge/bridge.h"

struct metric {
    const char *name, *type, *help;
    size_t offset;
};

#define METRIC(field, type, help)                                                        \
    {"feishu_caldav_" #field, type, help, offsetof(struct bridge_metrics, field)}

static const struct metric table[] = {
    METRIC(upstream_calls, "counter", "Calls to Feishu."),
    METRIC(upstream_errors, "counter", "Calls to Feishu that failed."),
    METRIC(pulls, "counter", "Pulls of calendars."),
    METRIC(pull_errors, "counter", "Pulls of calendars that failed."),
    METRIC(events_long_connection, "gauge",
        "1 while Feishu tells of changes over the long connection."),
    METRIC(events_callback, "gauge", "1 while Feishu tells of changes by calling back."),
    METRIC(events_received, "counter", "Events that Feishu told of, each once."),
    METRIC(events_duplicate, "counter", "Events that were known already."),
    METRIC(events_refused, "counter", "Callbacks that were refused."),
    METRIC(events_connections, "counter", "Long connections that came up."),
    METRIC(subscriptions, "gauge", "Subscriptions that were made."),
    METRIC(accounts, "gauge", "Accounts."),
    METRIC(accounts_sign_in, "gauge", "Accounts that must sign in to Feishu again."),
    METRIC(calendars, "gauge", "Calendars of all accounts."),
    METRIC(objects, "gauge", "Calendar objects of all accounts."),
};

void health(struct exchange *ex)
{
    answer_text(ex, 200, "text/plain; charset=utf-8", "ok\n");
}

void metrics(struct exchange *ex)
{
    struct bridge_metrics values = {0};
    struct buf text = buf_new(ex->cx->arena);
    bridge_metrics(ex->cx, ex->site->bridge, &values);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct metric *one = &table[i];
        int64_t value = *(const int64_t *)((const char *)&values + one->offset);
        buf_printf(&text, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", one->name, one->help,
            one->name, one->type, one->name, (long long)value);
    }
    answer_text(ex, 200, "text/plain; version=0.0.4", buf_str(&text));
}
