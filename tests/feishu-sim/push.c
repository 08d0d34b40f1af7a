#include "push.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "connection.h"
#include "lock.h"
#include "mem.h"
#include "switches.h"
#include "webhook.h"
#include "world.h"

#define KEPT_MAX 2000
#define TICK_MS 10
#define ANSWER_MS 3000
#define CHECK_MS 1000

/* Pauses behind the attempts that failed; there are five attempts at most. */
static const int64_t PAUSES_MS[] = {15000, 300000, 3600000, 21600000};
#define ATTEMPTS_MAX (1 + sizeof PAUSES_MS / sizeof PAUSES_MS[0])

enum mode { MODE_LONG_CONNECTION, MODE_WEBHOOK, MODE_OFF };
static const char *const MODES[] = {"long_connection", "webhook", "off"};

enum state { WAITING, SENT, DELIVERED, GIVEN_UP };
static const char *const STATES[] = {"waiting", "sent", "delivered", "given_up"};

struct attempt {
    int64_t at_ms; /* simulated */
    int code;      /* 0: no answer */
    char *text;
};

struct message {
    char event_id[33];
    char *type, *key, *change, *calendar_id;
    char *members; /* of the event object */
    int64_t created_ms, due_ms;
    int64_t answer_until_ms; /* monotonic, while SENT */
    enum state state;
    struct attempt attempts[ATTEMPTS_MAX];
    size_t n_attempts;
};

static enum mode mode;
static struct webhook webhook;
static struct vec messages;   /* struct message, oldest first */
static struct vec complaints; /* char * */
static pthread_t thread;
static pthread_cond_t awaited = PTHREAD_COND_INITIALIZER; /* a message, or the end */
static bool running, stopping;

static void message_free(void *p)
{
    struct message *m = p;

    for (size_t i = 0; i < m->n_attempts; i++)
        free(m->attempts[i].text);
    free(m->type);
    free(m->key);
    free(m->change);
    free(m->calendar_id);
    free(m->members);
    free(m);
}

void push_complain(const char *fmt, ...)
{
    va_list ap;
    char line[256];

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    vec_add(&complaints, xstrdup(line));
}

/* ---- aggregation ---- */

static bool is(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* The one inside whose window the new change falls. Answers are counted apart. */
static struct message *pending(const struct push_subject *subject)
{
    for (size_t i = messages.n; i-- > 0;) {
        struct message *m = messages.p[i];

        if (m->state == WAITING && !m->n_attempts && is(m->key, subject->key) &&
            is(m->change, "rsvp") == is(subject->change, "rsvp"))
            return m;
    }
    return NULL;
}

static void forget(struct message *m)
{
    for (size_t i = 0; i < messages.n; i++)
        if (messages.p[i] == m)
            vec_drop(&messages, i--);
    message_free(m);
}

/* create+delete: nothing; create+update: create; delete+update: delete; of several
 * updates or answers the last. */
static void merge(
    struct message *m, const struct push_subject *subject, struct buf *members)
{
    if (is(m->change, "create") && is(subject->change, "delete")) {
        forget(m);
    } else if (!is(subject->change, "update") || is(m->change, "update")) {
        set_str(&m->change, subject->change);
        set_str(&m->members, buf_text(members));
    }
}

void push_offer(const struct push_subject *subject, struct buf *members)
{
    struct message *m = subject->key ? pending(subject) : NULL;

    if (mode == MODE_OFF)
        return;
    if (m) {
        merge(m, subject, members);
        return;
    }
    m = xcalloc(1, sizeof *m);
    random_hex(m->event_id, 32);
    m->type = xstrdup(subject->type);
    m->key = xstrdup(subject->key);
    m->change = xstrdup(subject->change);
    m->calendar_id = xstrdup(subject->calendar_id);
    m->members = xstrdup(buf_text(members));
    m->created_ms = clock_ms();
    m->due_ms = m->created_ms + (m->key ? sw_number(SW_PUSH_WINDOW_MS) : 0);
    vec_add(&messages, m);
    pthread_cond_signal(&awaited);
    if (messages.n > KEPT_MAX)
        forget(messages.p[0]);
}

/* ---- sending ---- */

static void envelope(struct buf *out, const struct message *m)
{
    jw_open(out, NULL, '{');
    jw_str(out, "schema", "2.0");
    jw_open(out, "header", '{');
    jw_str(out, "event_id", m->event_id);
    jw_str(out, "event_type", m->type);
    jw_int_text(out, "create_time", m->created_ms);
    jw_str(out, "token", webhook.verification_token ? webhook.verification_token : "");
    jw_str(out, "app_id", W.app_id);
    jw_str(out, "tenant_key", W.tenant_key);
    jw_close(out, '}');
    jw_open(out, "event", '{');
    buf_str(out, m->members);
    jw_close(out, '}');
    jw_close(out, '}');
}

static void failed(struct message *m)
{
    size_t done = m->n_attempts - 1;

    m->state = done + 1 < ATTEMPTS_MAX ? WAITING : GIVEN_UP;
    if (m->state == WAITING)
        m->due_ms = clock_ms() + PAUSES_MS[done];
}

static void send_one(struct message *m)
{
    struct buf json = {0};
    bool sent = true;

    m->attempts[m->n_attempts++] = (struct attempt){.at_ms = clock_ms()};
    m->state = SENT;
    m->answer_until_ms = monotonic_ms() + ANSWER_MS;
    envelope(&json, m);
    if (mode == MODE_WEBHOOK && webhook.url) {
        m->answer_until_ms = INT64_MAX; /* its thread keeps the time */
        webhook_send(&webhook, m->event_id, json.p);
    } else {
        sent = mode == MODE_LONG_CONNECTION && connection_send(m->event_id, json.p);
    }
    if (!sent)
        failed(m);
    buf_free(&json);
}

/* False when no message waits for anything any more. */
static bool send_due(void)
{
    int64_t now_ms = clock_ms(), real_ms = monotonic_ms();
    bool more = false;

    for (size_t i = 0; i < messages.n; i++) {
        struct message *m = messages.p[i];

        if (m->state == WAITING && m->due_ms <= now_ms)
            send_one(m);
        else if (m->state == SENT && m->answer_until_ms <= real_ms)
            failed(m);
        more = more || m->state == WAITING || m->state == SENT;
    }
    return more;
}

void push_answered(const char *message_id, int code, const char *text)
{
    for (size_t i = 0; i < messages.n; i++) {
        struct message *m = messages.p[i];
        struct attempt *attempt = &m->attempts[m->n_attempts ? m->n_attempts - 1 : 0];

        if (strcmp(m->event_id, message_id) != 0 || !m->n_attempts)
            continue;
        attempt->code = code;
        set_str(&attempt->text, text);
        if (m->state != SENT)
            return;
        if (code == 200)
            m->state = DELIVERED;
        else
            failed(m);
        return;
    }
}

static void *run(void *self)
{
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000};

    (void)self;
    big_lock();
    while (!stopping) {
        if (!send_due()) {
            big_wait(&awaited);
            continue;
        }
        big_unlock();
        nanosleep(&tick, NULL);
        big_lock();
    }
    big_unlock();
    return NULL;
}

void push_start(void)
{
    stopping = false;
    running = pthread_create(&thread, NULL, run, NULL) == 0;
    if (!running)
        abort();
}

void push_stop(void)
{
    if (!running)
        return;
    big_lock();
    stopping = true;
    pthread_cond_signal(&awaited);
    big_unlock();
    pthread_join(thread, NULL);
    running = false;
    webhook_stop();
}

/* ---- control ---- */

void push_forget(void)
{
    vec_free(&messages, message_free);
    vec_free(&complaints, free);
}

void push_defaults(void)
{
    mode = MODE_LONG_CONNECTION;
    set_str(&webhook.url, NULL);
    set_str(&webhook.encrypt_key, NULL);
    set_str(&webhook.verification_token, NULL);
}

static char *set_mode(const char *word)
{
    for (size_t i = 0; i < sizeof MODES / sizeof MODES[0]; i++)
        if (strcmp(MODES[i], word) == 0) {
            mode = (enum mode)i;
            return NULL;
        }
    return xstrdup("mode is long_connection, webhook or off");
}

char *push_configure(const cJSON *values)
{
    static const struct {
        const char *name;
        char **slot;
    } TEXTS[] = {
        {"url", &webhook.url},
        {"encrypt_key", &webhook.encrypt_key},
        {"verification_token", &webhook.verification_token},
    };
    const char *word = json_text(values, "mode");

    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        if (json_get(values, TEXTS[i].name))
            set_str(TEXTS[i].slot, json_filled(values, TEXTS[i].name));
    return word ? set_mode(word) : NULL;
}

char *push_check(struct buf *out)
{
    struct webhook_answer answer = {0};
    struct buf json = {0};
    char challenge[33];
    cJSON *reply;

    if (!webhook.url)
        return xstrdup("no url is set");
    random_hex(challenge, 32);
    jw_open(&json, NULL, '{');
    jw_str(&json, "challenge", challenge);
    jw_str(&json, "token", webhook.verification_token ? webhook.verification_token : "");
    jw_str(&json, "type", "url_verification");
    jw_close(&json, '}');
    webhook_post(&webhook, json.p, true, CHECK_MS, &answer);
    buf_free(&json);
    reply = cJSON_Parse(buf_text(&answer.body));
    jw_bool(out, "passed",
        answer.status == 200 && is(json_text(reply, "challenge"), challenge));
    jw_int(out, "status", answer.status);
    jw_int(out, "ms", answer.took_ms);
    jw_str(out, "body", buf_text(&answer.body));
    cJSON_Delete(reply);
    buf_free(&answer.body);
    return NULL;
}

static void print_message(struct buf *out, const struct message *m)
{
    jw_open(out, NULL, '{');
    jw_str(out, "event_id", m->event_id);
    jw_str(out, "type", m->type);
    jw_str(out, "calendar_id", m->calendar_id);
    jw_str(out, "change", m->change);
    jw_str(out, "state", STATES[m->state]);
    jw_int(out, "created_ms", m->created_ms);
    jw_int(out, "due_ms", m->due_ms);
    jw_open(out, "event", '{');
    buf_str(out, m->members);
    jw_close(out, '}');
    jw_open(out, "attempts", '[');
    for (size_t i = 0; i < m->n_attempts; i++) {
        jw_open(out, NULL, '{');
        jw_int(out, "time_ms", m->attempts[i].at_ms);
        jw_int(out, "code", m->attempts[i].code);
        jw_str(out, "text", m->attempts[i].text);
        jw_close(out, '}');
    }
    jw_close(out, ']');
    jw_close(out, '}');
}

void push_print(struct buf *out)
{
    jw_str(out, "mode", MODES[mode]);
    jw_str(out, "url", webhook.url);
    connections_print(out, "connections");
    jw_open(out, "messages", '[');
    for (size_t i = 0; i < messages.n; i++)
        print_message(out, messages.p[i]);
    jw_close(out, ']');
    jw_open(out, "complaints", '[');
    for (size_t i = 0; i < complaints.n; i++)
        jw_str(out, NULL, complaints.p[i]);
    jw_close(out, ']');
}
