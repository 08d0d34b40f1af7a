#include "http/metrics.h"

#include "bridge/account.h"
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
    METRIC(store_log_stuck, "gauge",
        "1 while the log of the store cannot be copied into its database, and grows."),
    METRIC(accounts, "gauge", "Accounts."),
    METRIC(accounts_sign_in, "gauge", "Accounts that must sign in to Feishu again."),
    METRIC(calendars, "gauge", "Calendars of all accounts."),
    METRIC(objects, "gauge", "Calendar objects of all accounts."),
};

/* ---- with labels: accounts by open_id, calendars by the name in their address ---- */

struct labelled {
    const char *name, *type, *help;
    size_t offset;
};
#define OF(kind, of, field, name, type, help)                                            \
    {"feishu_caldav_" kind "_" name, type, help, offsetof(struct of, field)}

static const struct labelled account_table[] = {
    OF("account", account_view, last_sync_s, "last_success_timestamp_seconds", "gauge",
        "When all of the account was last pulled."),
    OF("account", account_view, lag_s, "lag_seconds", "gauge",
        "Time since the last pull that succeeded."),
    OF("account", account_view, sign_in_until_s, "sign_in_until_timestamp_seconds",
        "gauge", "When Feishu ends the sign-in."),
    OF("account", account_view, calls, "upstream_calls", "counter",
        "Calls to Feishu for the account, of every kind."),
};
static const struct labelled calendar_table[] = {
    OF("calendar", account_calendar_view, last_success_s,
        "last_success_timestamp_seconds", "gauge", "When the calendar was last pulled."),
    OF("calendar", account_calendar_view, lag_s, "lag_seconds", "gauge",
        "Time since the last pull that succeeded."),
    OF("calendar", account_calendar_view, calls, "upstream_calls", "counter",
        "Calls to Feishu that were about the calendar."),
};

static void add_label(struct buf *text, const char *name, const char *value)
{
    buf_printf(text, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buf_addc(text, '\\');
        if ((unsigned char)*value >= ' ')
            buf_addc(text, *value);
    }
    buf_addc(text, '"');
}

static void add_head(struct buf *text, const struct labelled *one)
{
    buf_printf(text, "# HELP %s %s\n# TYPE %s %s\n", one->name, one->help, one->name,
        one->type);
}

static void add_line(struct buf *text, const struct labelled *one, const void *view,
    const char *account, const char *calendar)
{
    buf_printf(text, "%s{", one->name);
    add_label(text, "account", account);
    if (calendar) {
        buf_addc(text, ',');
        add_label(text, "calendar", calendar);
    }
    int64_t value = *(const int64_t *)((const char *)view + one->offset);
    buf_printf(text, "} %lld\n", (long long)value);
}

static void add_error(
    struct buf *text, const char *account, const char *calendar, const char *error)
{
    if (!error || !*error)
        return;
    buf_printf(text, "feishu_caldav_%s_last_error{", calendar ? "calendar" : "account");
    add_label(text, "account", account);
    if (calendar) {
        buf_addc(text, ',');
        add_label(text, "calendar", calendar);
    }
    buf_addc(text, ',');
    add_label(text, "error", error);
    buf_adds(text, "} 1\n");
}

/* In words, where there is one. */
static void add_errors(
    struct buf *text, const struct account_view *views, size_t n_views)
{
    static const struct labelled account = {"feishu_caldav_account_last_error", "gauge",
        "1 with the words of the failure, while the last pull failed.", 0};
    static const struct labelled calendar = {"feishu_caldav_calendar_last_error", "gauge",
        "1 with the words of the failure, while the last pull failed.", 0};
    add_head(text, &account);
    for (size_t i = 0; i < n_views; i++)
        add_error(text, views[i].open_id, NULL, views[i].last_error);
    add_head(text, &calendar);
    for (size_t i = 0; i < n_views; i++)
        for (size_t c = 0; c < views[i].n_calendars; c++)
            add_error(text, views[i].open_id, views[i].calendars[c].name,
                views[i].calendars[c].last_error);
}

static void add_spent(
    struct buf *text, const struct account_view *views, size_t n_views)
{
    static const char name[] = "feishu_caldav_account_upstream_calls_by_purpose";
    buf_printf(text, "# HELP %s Calls to Feishu for the account by what they are for.\n"
        "# TYPE %s counter\n", name, name);
    for (size_t i = 0; i < n_views; i++)
        for (size_t k = 0; k < views[i].n_spent; k++) {
            buf_printf(text, "%s{", name);
            add_label(text, "account", views[i].open_id);
            buf_addc(text, ',');
            add_label(text, "purpose", views[i].spent[k].purpose);
            buf_printf(text, "} %lld\n", (long long)views[i].spent[k].calls);
        }
}

static void add_states(
    struct buf *text, const struct account_view *views, size_t n_views)
{
    static const struct labelled failing = {"feishu_caldav_account_failing", "gauge",
        "1 while the last pull of the account failed.", 0};
    static const struct labelled soon = {"feishu_caldav_account_sign_in_soon", "gauge",
        "1 when the sign-in ends within a month.", 0};
    add_head(text, &failing);
    for (size_t i = 0; i < n_views; i++)
        add_line(text, &failing, &(int64_t){*views[i].last_error != 0}, views[i].open_id,
            NULL);
    add_head(text, &soon);
    for (size_t i = 0; i < n_views; i++)
        add_line(
            text, &soon, &(int64_t){views[i].sign_in_soon}, views[i].open_id, NULL);
}

static void add_accounts(struct exchange *ex, struct buf *text)
{
    struct account_view *views;
    size_t n;
    if (account_views(ex->cx, ex->site->bridge, &views, &n))
        return;
    for (size_t k = 0; k < sizeof account_table / sizeof *account_table; k++) {
        add_head(text, &account_table[k]);
        for (size_t i = 0; i < n; i++)
            add_line(text, &account_table[k], &views[i], views[i].open_id, NULL);
    }
    add_states(text, views, n);
    add_errors(text, views, n);
    add_spent(text, views, n);
    for (size_t k = 0; k < sizeof calendar_table / sizeof *calendar_table; k++) {
        add_head(text, &calendar_table[k]);
        for (size_t i = 0; i < n; i++)
            for (size_t c = 0; c < views[i].n_calendars; c++)
                add_line(text, &calendar_table[k], &views[i].calendars[c],
                    views[i].open_id, views[i].calendars[c].name);
    }
}

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
    add_accounts(ex, &text);
    answer_text(ex, 200, "text/plain; version=0.0.4", buf_str(&text));
}
