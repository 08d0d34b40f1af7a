/*
 * Configuration: an INI file, each option also as an environment variable
 * FEISHU_CALDAV_<SECTION>_<OPTION>, which wins. The table of options is in
 * conf_options.c; unknown options and bad values are errors with file and line.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/crypto.h"
#include "base/ctx.h"

#include <stdbool.h>
#include <stdio.h>

enum sync_events { SYNC_EVENTS_AUTO, SYNC_EVENTS_LONG_CONNECTION, SYNC_EVENTS_CALLBACK,
    SYNC_EVENTS_NONE };

struct conf {
    const char *file; /* the file read, NULL when none */
    struct {
        const char *listen; /* space-separated addresses */
        const char *base_url; /* without a slash at the end; derived when not set */
        const char *tls_cert, *tls_key; /* NULL = plain HTTP */
        const char *trusted_proxy; /* space-separated addresses, "" = none */
        long max_body_bytes;
        long workers; /* threads for requests that wait for Feishu */
        long max_connections;
        long push_anywhere; /* 1 = push services may be private and without TLS */
    } server;
    struct {
        const char *app_id; /* NULL = not configured */
        struct secret app_secret; /* from app-secret or app-secret-file */
        const char *app_secret_file; /* NULL = none */
        const char *base_url, *accounts_url; /* without a slash at the end */
        const char *token_path; /* NULL = v3 on the accounts host with fall-back to v2 */
        const char *scopes; /* asked for at sign-in */
        long rate_per_second, rate_per_minute;
        struct secret verification_token, encrypt_key;
        long timeout_s;
    } feishu;
    struct {
        const char *path, *key_file; /* absolute */
    } store;
    struct {
        long poll_interval_s, history_days;
        enum sync_events events;
    } sync;
    struct {
        const char *level, *topics;
    } log;
};

/* file NULL = $XDG_CONFIG_HOME/feishu-caldav.conf, then /etc/feishu-caldav.conf; those
 * may be missing, a named one may not. Result in cx->arena. Errors: CONFIG with
 * "file:line: text". */
enum err conf_load(struct ctx *cx, const char *file, const struct conf **conf);
/* "section.option = value" a line, or a JSON object; secrets struck out. */
void conf_print(const struct conf *conf, bool json, FILE *out);
/* Every option: type, default, unit, meaning. */
void conf_list(bool json, FILE *out);

#endif
