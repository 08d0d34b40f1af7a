/* Reads the text of one option into struct conf. Only conf.c includes this. */
#ifndef BASE_CONF_VALUE_H
#define BASE_CONF_VALUE_H

#include "base/conf_options.h"

/* where: "file:line" or "environment NAME", begins the text of an error. Relative paths
 * are taken from directory. Errors: CONFIG. */
enum err option_read(struct ctx *cx, const struct option *option, const char *value,
    const char *where, const char *directory, struct conf *conf);
/* The URL at which one listen address can be reached from here. */
char *listen_url(struct arena *arena, const char *address, bool tls);
/* Nobody but this machine can reach it. */
bool listen_loopback(struct arena *arena, const char *address);

#endif
