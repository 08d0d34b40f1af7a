#include "base/conf_value.h"

#include "base/log.h"
#include "base/str.h"
#include "base/url.h"

#include <arpa/inet.h>
#include <string.h>

static enum err wrong(struct ctx *cx, const struct option *option, const char *where,
    const char *expected)
{
    /* The value is not repeated: it may be a secret that got into the wrong line. */
    return fail(cx, ERR_CONFIG, "%s: %s.%s: %s", where, option->section, option->name,
        expected);
}

static bool ip_valid(const char *text)
{
    unsigned char ignored[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, ignored) == 1 ||
        inet_pton(AF_INET6, text, ignored) == 1;
}

static bool listen_valid(struct arena *arena, const char *value)
{
    char *host, *port;
    char **addresses = str_split(arena, value, ' ');
    if (!*addresses)
        return false;
    for (; *addresses; addresses++)
        if (!str_starts(*addresses, "unix:/") &&
            (!host_port_split(arena, *addresses, &host, &port) ||
                (**addresses == '[' && !(ip_valid(host) && strchr(host, ':')))))
            return false;
    return true;
}

char *listen_url(struct arena *arena, const char *address, bool tls)
{
    char *host, *port;
    const char *scheme = tls ? "https" : "http";
    if (!host_port_split(arena, address, &host, &port))
        return arena_printf(arena, "%s://localhost", scheme);
    if (str_eq(host, "0.0.0.0"))
        host = arena_strdup(arena, "127.0.0.1");
    else if (str_eq(host, "::"))
        host = arena_strdup(arena, "::1");
    return arena_printf(arena, strchr(host, ':') ? "%s://[%s]:%s" : "%s://%s:%s", scheme,
        host, port);
}

bool listen_loopback(struct arena *arena, const char *address)
{
    char *host, *port;
    return !host_port_split(arena, address, &host, &port) || str_starts(host, "127.") ||
        str_eq(host, "localhost") || str_eq(host, "::1");
}

/* IP addresses, networks "address/bits", and the word "unix". */
static bool addresses_valid(struct arena *arena, const char *value)
{
    for (char **parts = str_split(arena, value, ' '); *parts; parts++) {
        long long bits;
        char *slash = strchr(*parts, '/');
        if (str_eq(*parts, "unix"))
            continue;
        if (slash) {
            *slash = '\0';
            if (!str_to_ll(slash + 1, 0, strchr(*parts, ':') ? 128 : 32, &bits))
                return false;
        }
        if (!ip_valid(*parts))
            return false;
    }
    return true;
}

static bool read_duration(struct arena *arena, const char *value, long min, long max,
    long *seconds)
{
    static const struct {
        char suffix;
        long seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    long long number, factor = 1;
    char *digits = str_trim(arena, value);
    size_t n = strlen(digits);
    for (size_t i = 0; n && i < sizeof(units) / sizeof(*units); i++) {
        if (digits[n - 1] == units[i].suffix) {
            factor = units[i].seconds;
            digits[n - 1] = '\0';
            digits = str_trim(arena, digits); /* "120 s" */
            break;
        }
    }
    if (!str_to_ll(digits, 0, max, &number) || number * factor < min ||
        number * factor > max)
        return false;
    *seconds = (long)(number * factor);
    return true;
}

static const char *choices_text(struct arena *arena, const char *const *choices)
{
    struct buf buf = buf_new(arena);
    for (size_t i = 0; choices[i]; i++)
        buf_printf(&buf, "%s%s", i ? ", " : "must be one of ", choices[i]);
    return buf_str(&buf);
}

static int find_choice(const char *const *choices, const char *value)
{
    for (int i = 0; choices[i]; i++)
        if (str_eq(choices[i], value))
            return i;
    return -1;
}

static enum err read_url(struct ctx *cx, const struct option *option, const char *value,
    const char *where, const char **out)
{
    const char *host = str_starts(value, "https://") ? value + 8 :
        str_starts(value, "http://")                 ? value + 7 :
                                                       NULL;
    if (!host || !*host || *host == '/' || strpbrk(value, " \t?#"))
        return wrong(cx, option, where, "must be a URL such as https://example.org");
    size_t n = strlen(value);
    while (value[n - 1] == '/')
        n--;
    *out = arena_strndup(cx->arena, value, n);
    return ERR_OK;
}

static enum err read_number(struct ctx *cx, const struct option *option,
    const char *value, const char *where, long *out)
{
    long long number;
    bool read = option->type == OPTION_DURATION ?
        read_duration(cx->arena, value, option->min, option->max, out) :
        str_to_ll(value, option->min, option->max, &number);
    if (!read)
        return wrong(cx, option, where,
            arena_printf(cx->arena, "must be a number from %ld to %ld%s%s", option->min,
                option->max, option->unit ? " " : "", option->unit ? option->unit : ""));
    if (option->type == OPTION_NUMBER)
        *out = (long)number;
    return ERR_OK;
}

static const char *absolute(struct arena *arena, const char *value, const char *directory)
{
    if (*value == '/')
        return arena_strdup(arena, value);
    return arena_printf(arena, "%s/%s", directory, value);
}

/* The types whose value is a text. */
static enum err read_text(struct ctx *cx, const struct option *option, const char *value,
    const char *where, const char **out)
{
    switch (option->type) {
    case OPTION_URL:
        return read_url(cx, option, value, where, out);
    case OPTION_LISTEN:
        if (!listen_valid(cx->arena, value))
            return wrong(cx, option, where,
                "must be address:port, [address]:port or unix:/path");
        break;
    case OPTION_ADDRESSES:
        if (!addresses_valid(cx->arena, value))
            return wrong(cx, option, where, "must be IP addresses separated by spaces");
        break;
    case OPTION_WORD:
        if (find_choice(option->choices, value) < 0)
            return wrong(cx, option, where, choices_text(cx->arena, option->choices));
        break;
    case OPTION_TOPICS:
        if (!log_names_valid(NULL, value))
            return wrong(cx, option, where,
                "must be names out of http dav xml feishu sync store");
        break;
    default:
        break;
    }
    *out = arena_strdup(cx->arena, value);
    return ERR_OK;
}

enum err option_read(struct ctx *cx, const struct option *option, const char *value,
    const char *where, const char *directory, struct conf *conf)
{
    void *out = (char *)conf + option->offset;
    if (!utf8_valid(value, strlen(value)))
        return wrong(cx, option, where, "is not UTF-8");
    /* An option without a default is unset by an empty value. */
    if (!*value && !option->fallback)
        return ERR_OK;
    switch (option->type) {
    case OPTION_SECRET:
        *(struct secret *)out = secret_new(cx->arena, value);
        return ERR_OK;
    case OPTION_NUMBER:
    case OPTION_DURATION:
        return read_number(cx, option, value, where, out);
    case OPTION_CHOICE: {
        int choice = find_choice(option->choices, value);
        if (choice < 0)
            return wrong(cx, option, where, choices_text(cx->arena, option->choices));
        *(int *)out = choice;
        return ERR_OK;
    }
    case OPTION_PATH:
        *(const char **)out = absolute(cx->arena, value, directory);
        return ERR_OK;
    default:
        return read_text(cx, option, value, where, out);
    }
}
