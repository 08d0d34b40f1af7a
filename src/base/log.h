/*
 * Log lines on stderr: "2026-11-20T09:41:00Z level topic id text". One write(2) a line.
 * Only main, http/server and bridge/sync log at warning or above.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/ctx.h"

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_topic {
    LOG_HTTP,
    LOG_DAV,
    LOG_XML,
    LOG_FEISHU,
    LOG_SYNC,
    LOG_STORE,
    LOG_TOPICS
};

/* level: "error", "warning", "info", "debug". topics: names separated by spaces or commas
 * that are logged at debug level whatever the level is; "" = none. False when a name is
 * unknown. */
bool log_configure(const char *level, const char *topics);
/* Whether log_configure would take these names. */
bool log_names_valid(const char *level, const char *topics);
bool log_wants(enum log_level level, enum log_topic topic);
/* cx may be NULL. Control characters in the text are written as \xNN. */
void log_line(const struct ctx *cx, enum log_level level, enum log_topic topic,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
