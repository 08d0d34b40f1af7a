#include "base/log.h"

#include "base/str.h"
#include "base/when.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX_BYTES 2048
#define LINE_MAX_BYTES (4 * TEXT_MAX_BYTES + 128) /* every byte may become \xNN */

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARNING] = "warning",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

static const char *const topic_names[LOG_TOPICS] = {
    [LOG_HTTP] = "http",
    [LOG_DAV] = "dav",
    [LOG_XML] = "xml",
    [LOG_FEISHU] = "feishu",
    [LOG_SYNC] = "sync",
    [LOG_STORE] = "store",
};

/* Changed by a reload while other threads log. */
static _Atomic int wanted_level = LOG_INFO;
static _Atomic unsigned wanted_topics;

static int find_name(
    const char *const *names, size_t n, const char *name, size_t len_bytes)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(names[i]) == len_bytes && memcmp(names[i], name, len_bytes) == 0)
            return (int)i;
    return -1;
}

static bool parse_names(
    const char *level, const char *topics, int *level_out, unsigned *topics_out)
{
    int found = level ? find_name(level_names, 4, level, strlen(level)) : LOG_INFO;
    if (found < 0)
        return false;
    unsigned mask = 0;
    for (const char *at = topics ? topics : ""; *at;) {
        size_t len_bytes = strcspn(at, " ,\t");
        if (len_bytes) {
            int topic = find_name(topic_names, LOG_TOPICS, at, len_bytes);
            if (topic < 0)
                return false;
            mask |= 1u << topic;
        }
        at += len_bytes;
        at += *at != '\0';
    }
    *level_out = found;
    *topics_out = mask;
    return true;
}

bool log_names_valid(const char *level, const char *topics)
{
    int ignored_level;
    unsigned ignored_topics;
    return parse_names(level, topics, &ignored_level, &ignored_topics);
}

bool log_configure(const char *level, const char *topics)
{
    int new_level;
    unsigned new_topics;
    if (!parse_names(level, topics, &new_level, &new_topics))
        return false;
    atomic_store_explicit(&wanted_level, new_level, memory_order_relaxed);
    atomic_store_explicit(&wanted_topics, new_topics, memory_order_relaxed);
    return true;
}

bool log_wants(enum log_level level, enum log_topic topic)
{
    if ((int)level <= atomic_load_explicit(&wanted_level, memory_order_relaxed))
        return true;
    return atomic_load_explicit(&wanted_topics, memory_order_relaxed) >> topic & 1;
}

/* What a terminal or a log reader could take for a command. */
static size_t add_escaped(char *out, const char *text)
{
    bool valid = utf8_valid(text, strlen(text));
    size_t n = 0;
    while (*text) {
        size_t hostile = str_hostile_bytes(text, valid);
        if (!hostile)
            out[n++] = *text++;
        for (; hostile; hostile--)
            n += (size_t)snprintf(out + n, 5, "\\x%02x", (unsigned char)*text++);
    }
    return n;
}

/* Cut text ends with a whole character. */
static void cut(char *text, size_t len_bytes)
{
    while (len_bytes && ((unsigned char)text[len_bytes] & 0xc0) == 0x80)
        len_bytes--;
    memcpy(text + len_bytes, "...", 4);
}

void log_line(const struct ctx *cx, enum log_level level, enum log_topic topic,
    const char *format, ...)
{
    if (!log_wants(level, topic))
        return;
    char text[TEXT_MAX_BYTES], line[LINE_MAX_BYTES], now[WHEN_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len < 0)
        return;
    if ((size_t)len >= sizeof(text))
        cut(text, sizeof(text) - 4);
    int64_t now_s = cx ? ctx_now_s(cx) : (int64_t)time(NULL);
    size_t n = (size_t)snprintf(line, 128, "%s %s %s %s ", when_rfc3339(now_s, now),
        level_names[level], topic_names[topic], cx ? cx->id : "-");
    n += add_escaped(line + n, text);
    line[n++] = '\n';
    ssize_t written;
    do
        written = write(STDERR_FILENO, line, n);
    while (written < 0 && errno == EINTR);
}
