/*
 * The context of one unit of work: a request, a pass of synchronisation, a command. It is
 * passed first to everything. The clock and the source of randomness enter here, so that
 * a test can replay both.
 */
#ifndef BASE_CTX_H
#define BASE_CTX_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is not deterministic. */
struct seam {
    int64_t (*wall_ms)(void *self);      /* Unix time */
    int64_t (*monotonic_ms)(void *self); /* for durations and deadlines */
    void (*random)(void *self, void *out, size_t len_bytes);
    void *self;
};

/* The system's clock and OpenSSL's random numbers. */
const struct seam *seam_system(void);

struct ctx {
    struct arena *arena;
    const struct seam *seam;
    int64_t deadline_ms; /* monotonic; 0 = none */
    char id[16];         /* shown in log lines and error bodies */
    enum err err;        /* last failure, ERR_OK when none */
    const char *err_text;
    int retry_after_s;       /* with ERR_THROTTLED and ERR_UPSTREAM_*: 0 = unknown */
    unsigned upstream_calls; /* counted by feishu/client */
    int64_t payer;           /* account for which upstream is called; 0 = nobody's */
    bool answered; /* set by http before a request's context ends: its answer has left */
};

/* A context with an arena of its own. seam NULL = seam_system(). */
struct ctx *ctx_new(const struct seam *seam);
void ctx_free(struct ctx *cx);
/* Clears the error and the arena, makes a new id: for loops that reuse a context. */
void ctx_reset(struct ctx *cx);

/* Memory for one step of a long unit of work: between the two calls cx->arena is an arena
 * of its own. Returns the one to hand back; the text of a failure survives the step. */
struct arena *ctx_step_begin(struct ctx *cx);
void ctx_step_end(struct ctx *cx, struct arena *outer);

/* Records kind and text and returns kind. The text is for people: plain English, no
 * secrets. */
enum err fail(struct ctx *cx, enum err kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The text of the last failure, or that of its kind. */
const char *ctx_error(const struct ctx *cx);

int64_t ctx_now_s(const struct ctx *cx);  /* Unix seconds */
int64_t ctx_now_ms(const struct ctx *cx); /* Unix milliseconds */
int64_t ctx_monotonic_ms(const struct ctx *cx);
/* Milliseconds to the deadline, at least 0; fallback_ms when there is none. */
int64_t ctx_left_ms(const struct ctx *cx, int64_t fallback_ms);

/* Returns from the calling function with the error when expression is not ERR_OK. */
#define TRY(expression)                                                                  \
    do {                                                                                 \
        enum err try_err_ = (expression);                                                \
        if (try_err_ != ERR_OK)                                                          \
            return try_err_;                                                             \
    } while (0)

#endif
