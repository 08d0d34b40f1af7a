/*
 * What an error kind means to a client: status and precondition element, decided by one
 * table.
 */
#ifndef DAV_PRECOND_H
#define DAV_PRECOND_H

#include "dav/xml.h"

struct precond {
    int status;
    enum ns ns;          /* NS_OTHER = no element */
    const char *element;
};
const struct precond *precond_find(enum err kind);

/* "HTTP/1.1 404 Not Found" */
const char *status_line(int status);

struct precond_detail {
    const char *href;      /* canonical, NULL = none */
    const char *privilege; /* in DAV:, NULL = none */
    const char *text;      /* for people, NULL = none */
};
/* The text, or that of the kind when there is none or it repeats bytes that are not
 * UTF-8. */
const char *precond_text(enum err kind, const char *text);
/* The children of a DAV:error element. */
void precond_add(struct buf *out, enum err kind, const struct precond_detail *detail);

#endif
