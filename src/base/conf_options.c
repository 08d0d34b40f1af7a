#include "base/conf_options.h"

#include "base/str.h"

#include <stddef.h>

#define AT(member) .offset = offsetof(struct conf, member)
#define DEFAULT_SCOPES                                                                   \
    "offline_access calendar:calendar calendar:calendar:readonly "                       \
    "calendar:calendar.free_busy:read contact:user.base:readonly "                       \
    "contact:contact.base:readonly contact:user.email:readonly vc:room:readonly"

static const char *const event_choices[] = {
    [SYNC_EVENTS_AUTO] = "auto",
    [SYNC_EVENTS_LONG_CONNECTION] = "long-connection",
    [SYNC_EVENTS_CALLBACK] = "callback",
    [SYNC_EVENTS_NONE] = "none",
    NULL,
};
static const char *const level_choices[] = {"error", "warning", "info", "debug", NULL};

static const char *const type_names[OPTION_TYPES] = {
    [OPTION_TEXT] = "text",
    [OPTION_URL] = "URL",
    [OPTION_PATH] = "path",
    [OPTION_LISTEN] = "listen addresses",
    [OPTION_ADDRESSES] = "IP addresses",
    [OPTION_SECRET] = "secret",
    [OPTION_NUMBER] = "number",
    [OPTION_DURATION] = "duration",
    [OPTION_CHOICE] = "choice",
    [OPTION_WORD] = "choice",
    [OPTION_TOPICS] = "log topics",
};

const char *option_type_name(enum option_type type)
{
    return type_names[type];
}

char *option_environment(struct arena *arena, const struct option *option)
{
    char *name =
        arena_printf(arena, "FEISHU_CALDAV_%s_%s", option->section, option->name);
    for (char *at = name; *at; at++) {
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
        else if (*at == '-')
            *at = '_';
    }
    return name;
}

/* clang-format off */
const struct option conf_options[] = {
    {"server", "listen", OPTION_LISTEN, "127.0.0.1:5280", AT(server.listen),
        .text = "address:port, [::]:port or unix:/path; several separated by spaces"},
    {"server", "base-url", OPTION_URL, NULL, AT(server.base_url),
        .fallback_text = "derived from the first listen address",
        .text = "public URL of the service, with the path prefix if behind a proxy"},
    {"server", "tls-cert", OPTION_PATH, NULL, AT(server.tls_cert),
        .text = "certificate chain (PEM) for built-in HTTPS"},
    {"server", "tls-key", OPTION_PATH, NULL, AT(server.tls_key),
        .text = "private key (PEM) for built-in HTTPS"},
    {"server", "trusted-proxy", OPTION_ADDRESSES, "", AT(server.trusted_proxy),
        .fallback_text = "none",
        .text = "addresses or networks whose X-Forwarded-* headers count; "
                "\"unix\" for all who connect to a unix: address"},
    {"server", "max-body", OPTION_NUMBER, "10485760", AT(server.max_body_bytes),
        .unit = "bytes", .min = 65536, .max = 1073741824,
        .text = "largest request body that is read"},
    {"server", "workers", OPTION_NUMBER, "8", AT(server.workers),
        .unit = "threads", .min = 1, .max = 256,
        .text = "threads for requests that wait for Feishu"},
    {"server", "max-connections", OPTION_NUMBER, "1024", AT(server.max_connections),
        .unit = "connections", .min = 8, .max = 65536,
        .text = "connections of clients that are open at once"},
    {"server", "push-anywhere", OPTION_NUMBER, "0", AT(server.push_anywhere),
        .min = 0, .max = 1,
        .text = "1 = push services may have private addresses and plain http, for "
                "those in the own network"},

    {"feishu", "app-id", OPTION_TEXT, NULL, AT(feishu.app_id),
        .text = "App ID of the self-built app"},
    {"feishu", "app-secret", OPTION_SECRET, NULL, AT(feishu.app_secret),
        .text = "App Secret of the self-built app"},
    {"feishu", "app-secret-file", OPTION_PATH, NULL, AT(feishu.app_secret_file),
        .text = "file that holds the App Secret, instead of app-secret"},
    {"feishu", "base-url", OPTION_URL, "https://open.feishu.cn", AT(feishu.base_url),
        .text = "REST host (Lark: https://open.larksuite.com)"},
    {"feishu", "accounts-url", OPTION_URL, "https://accounts.feishu.cn",
        AT(feishu.accounts_url),
        .text = "sign-in host (Lark: https://accounts.larksuite.com)"},
    {"feishu", "token-path", OPTION_TEXT, NULL, AT(feishu.token_path),
        .fallback_text = "v3 on the accounts host with fall-back to v2",
        .text = "token endpoint of the sign-in"},
    {"feishu", "scopes", OPTION_TEXT, DEFAULT_SCOPES, AT(feishu.scopes),
        .text = "scopes asked for at sign-in"},
    {"feishu", "rate-per-second", OPTION_NUMBER, "50", AT(feishu.rate_per_second),
        .unit = "calls", .min = 1, .max = 10000,
        .text = "budget of calls of one upstream method in a second, for all accounts"},
    {"feishu", "rate-per-minute", OPTION_NUMBER, "1000", AT(feishu.rate_per_minute),
        .unit = "calls", .min = 1, .max = 100000,
        .text = "budget of calls of one upstream method in a minute, for all accounts"},
    {"feishu", "timeout", OPTION_DURATION, "15", AT(feishu.timeout_s),
        .unit = "s", .min = 1, .max = 300,
        .text = "longest wait for one answer of Feishu"},
    {"feishu", "verification-token", OPTION_SECRET, NULL, AT(feishu.verification_token),
        .text = "Verification Token of the event callback"},
    {"feishu", "encrypt-key", OPTION_SECRET, NULL, AT(feishu.encrypt_key),
        .text = "Encrypt Key of the event callback"},

    {"store", "path", OPTION_PATH, NULL, AT(store.path),
        .fallback_text = "feishu-caldav/feishu-caldav.db in the XDG state directory",
        .text = "SQLite file; created with mode 0600"},
    {"store", "key-file", OPTION_PATH, NULL, AT(store.key_file),
        .fallback_text = "store.path with .key behind it",
        .text = "key that encrypts tokens at rest; made on first start"},

    {"sync", "poll-interval", OPTION_DURATION, "120", AT(sync.poll_interval_s),
        .unit = "s", .min = 1, .max = 86400,
        .text = "safety-net poll of an active calendar"},
    {"sync", "history", OPTION_NUMBER, "0", AT(sync.history_days),
        .unit = "days", .min = 0, .max = 36500,
        .text = "days back that events are mirrored; 0 = all"},
    {"sync", "events", OPTION_CHOICE, "auto", AT(sync.events), .choices = event_choices,
        .text = "how Feishu tells of changes; auto: by long connection where it can be "
                "had, by callback where its keys are set, and polling in any case"},

    {"log", "level", OPTION_WORD, "info", AT(log.level), .choices = level_choices,
        .text = "least important lines that are logged"},
    {"log", "topics", OPTION_TOPICS, "", AT(log.topics),
        .fallback_text = "none",
        .text = "logged at debug level in any case: http dav xml feishu sync store"},
};
/* clang-format on */
const size_t conf_options_n = sizeof(conf_options) / sizeof(*conf_options);
