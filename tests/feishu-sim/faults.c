#include "faults.h"

#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "errors.h"

enum cut { CUT_NO, CUT_BEFORE, CUT_AFTER };

struct fault {
    int id;
    char *method, *path, *token; /* NULL: any */
    int nth, count;              /* from the nth match on, so many (-1: for ever) */
    int seen, hits;
    int status, code;
    char *msg, *body, *content_type;
    bool invalid_json, effect;
    int reset_s; /* 0: no rate limit */
    enum cut cut;
    int64_t delay_ms;
};

static struct vec faults;
static int last_id;

/* How often the faults were taken away: who waits for one of them then goes on. */
static pthread_mutex_t pause_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pause_end = PTHREAD_COND_INITIALIZER;
static unsigned turn;
static bool stopping;

static int number_of(const cJSON *spec, const char *name, int missing)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(spec, name);

    return cJSON_IsNumber(v) ? v->valueint : missing;
}

static const char *const MEMBERS[] = {
    "method",
    "path",
    "token",
    "nth",
    "count",
    "status",
    "code",
    "msg",
    "body",
    "content_type",
    "invalid_json",
    "effect",
    "rate_limit_reset",
    "cut",
    "delay_ms",
};

static char *unknown_member(const cJSON *spec)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, spec)
    {
        size_t i = 0, n = sizeof MEMBERS / sizeof MEMBERS[0];

        while (i < n && strcmp(MEMBERS[i], m->string) != 0)
            i++;
        if (i == n)
            return xfmt("unknown member %s of a fault", m->string);
    }
    return NULL;
}

static void fault_free(void *p)
{
    struct fault *f = p;

    free(f->method);
    free(f->path);
    free(f->token);
    free(f->msg);
    free(f->body);
    free(f->content_type);
    free(f);
}

char *fault_add(const cJSON *spec, int *id)
{
    char *complaint = unknown_member(spec), *cut;
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(spec, "body");
    struct fault *f;

    if (complaint)
        return complaint;
    f = xcalloc(1, sizeof *f);
    f->id = ++last_id;
    f->method = xstrdup(json_text(spec, "method"));
    f->path = xstrdup(json_text(spec, "path"));
    f->token = xstrdup(json_text(spec, "token"));
    f->nth = number_of(spec, "nth", 1);
    f->count = number_of(spec, "count", 1);
    f->status = number_of(spec, "status", 0);
    f->code = number_of(spec, "code", 0);
    f->msg = xstrdup(json_text(spec, "msg"));
    f->content_type = xstrdup(json_text(spec, "content_type"));
    f->body = cJSON_IsString(body) || !body ? xstrdup(json_text(spec, "body"))
                                            : cJSON_PrintUnformatted(body);
    f->invalid_json =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(spec, "invalid_json"));
    f->effect = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(spec, "effect"));
    f->reset_s = number_of(spec, "rate_limit_reset", 0);
    f->delay_ms = number_of(spec, "delay_ms", 0);
    cut = xstrdup(json_text(spec, "cut"));
    if (cut)
        f->cut = strcmp(cut, "after") == 0 ? CUT_AFTER : CUT_BEFORE;
    free(cut);
    vec_add(&faults, f);
    *id = f->id;
    return NULL;
}

static bool matches(const struct fault *f, const struct request *rq)
{
    if (f->method && strcmp(f->method, rq->method) != 0)
        return false;
    if (f->path && fnmatch(f->path, rq->path, 0) != 0)
        return false;
    return !f->token || (rq->authorization && strstr(rq->authorization, f->token));
}

struct fault *fault_take(const struct request *rq)
{
    for (size_t i = 0; i < faults.n; i++) {
        struct fault *f = faults.p[i];

        if (!matches(f, rq) || (f->count >= 0 && f->hits >= f->count))
            continue;
        if (++f->seen < f->nth)
            continue;
        f->hits++;
        return f;
    }
    return NULL;
}

static bool changes_reply(const struct fault *f)
{
    return f->status || f->code || f->body || f->reset_s;
}

bool fault_has_effect(const struct fault *f)
{
    if (f->cut)
        return f->cut == CUT_AFTER;
    return f->effect || !changes_reply(f);
}

static void error_body(const struct fault *f, struct reply *rp)
{
    rp->body.n = 0;
    rp->code = f->code;
    if (f->body) {
        buf_str(&rp->body, f->body);
        return;
    }
    jw_open(&rp->body, NULL, '{');
    jw_int(&rp->body, "code", f->code);
    jw_str(&rp->body, "msg", f->msg ? f->msg : error_text(f->code));
    if (f->code >= 20000 && f->code < 21000) {
        jw_str(&rp->body, "error", "invalid_grant");
        jw_str(&rp->body, "error_description", f->msg ? f->msg : "fault");
    } else {
        jw_open(&rp->body, "error", '{');
        jw_str(&rp->body, "log_id", rp->log_id);
        jw_close(&rp->body, '}');
    }
    jw_close(&rp->body, '}');
}

static void set_type(struct reply *rp, const char *type)
{
    free(rp->content_type);
    rp->content_type = xstrdup(type);
}

static void rate_limited(const struct fault *f, struct reply *rp)
{
    struct fault limit = {.status = 429, .code = 99991400};
    char digits[24];

    error_body(&limit, rp);
    rp->status = 429;
    snprintf(digits, sizeof digits, "%d", f->reset_s);
    reply_header(rp, "x-ogw-ratelimit-limit", "50");
    reply_header(rp, "x-ogw-ratelimit-reset", digits);
}

static unsigned turn_now(void)
{
    pthread_mutex_lock(&pause_lock);
    unsigned now = turn;
    pthread_mutex_unlock(&pause_lock);
    return now;
}

void fault_apply(const struct fault *f, struct reply *rp)
{
    rp->delay_ms = f->delay_ms;
    rp->fault_turn = turn_now();
    rp->cut = f->cut != CUT_NO;
    if (f->reset_s) {
        rate_limited(f, rp);
    } else if (changes_reply(f)) {
        error_body(f, rp);
        rp->status = f->status ? f->status : (f->code ? error_status(f->code) : 200);
        set_type(rp, NULL);
    }
    if (f->invalid_json) {
        rp->body.n = rp->body.n / 2;
        buf_str(&rp->body, "<");
    }
    if (f->content_type)
        set_type(rp, f->content_type);
}

void fault_pause(const struct reply *rp)
{
    struct timespec until;

    if (!rp->delay_ms)
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += rp->delay_ms / 1000;
    until.tv_nsec += rp->delay_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&pause_lock);
    while (turn == rp->fault_turn && !stopping)
        if (pthread_cond_timedwait(&pause_end, &pause_lock, &until))
            break;
    pthread_mutex_unlock(&pause_lock);
}

void faults_print(struct buf *out, const char *key)
{
    jw_open(out, key, '[');
    for (size_t i = 0; i < faults.n; i++) {
        const struct fault *f = faults.p[i];

        jw_open(out, NULL, '{');
        jw_int(out, "id", f->id);
        jw_str(out, "method", f->method);
        jw_str(out, "path", f->path);
        jw_int(out, "seen", f->seen);
        jw_int(out, "hits", f->hits);
        jw_close(out, '}');
    }
    jw_close(out, ']');
}

void faults_clear(void)
{
    vec_free(&faults, fault_free);
    pthread_mutex_lock(&pause_lock);
    turn++;
    pthread_cond_broadcast(&pause_end);
    pthread_mutex_unlock(&pause_lock);
}

void faults_stop(void)
{
    pthread_mutex_lock(&pause_lock);
    stopping = true;
    pthread_cond_broadcast(&pause_end);
    pthread_mutex_unlock(&pause_lock);
}
