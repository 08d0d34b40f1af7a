/*
 * A calendar back end in memory, and requests to the DAV layer on it, for the unit tests
 * of that layer. Its world: "ada" signed in, with calendars of every role; "bob", who has
 * an account too; "wang", who has none; a room.
 */
#ifndef TESTS_UNIT_DAV_FAKE_BACKEND_H
#define TESTS_UNIT_DAV_FAKE_BACKEND_H

#include "bridge/backend.h"
#include "dav/dav.h"
#include "unit.h"

#define FAKE_MAX_CALENDARS 12
#define FAKE_EPOCH "epoch7"
#define FAKE_TIME 1700000000 /* 2023-11-14T22:13:20Z; each change is a second later */
#define ADA "/dav/calendars/ada/"
#define WORK "/dav/calendars/ada/work/"

struct fake_object {
    int64_t calendar_id, change;
    char *name, *uid, *etag, *schedule_tag, *text; /* text NULL = removed */
    bool exact; /* the range below is all there is to know */
    int64_t from_s, until_s;
};

struct bridge {
    struct arena *arena;
    struct be_user users[4];
    struct be_calendar calendars[FAKE_MAX_CALENDARS];
    size_t n_calendars;
    LIST(struct fake_object) objects;
    LIST(struct be_property) properties;
    LIST(const char *) property_places; /* of each property */
    int64_t counter, floor;
    LIST(struct be_gone) gone; /* calendars; again is told when it is asked for */
    int64_t home_floor;
    bool rewrites;      /* PUT stores another text than was sent */
    enum err next_err;  /* of the next write */
    LIST(struct be_share) shares; /* of "work" */
    LIST(struct be_share) proxy_for;
    int retry_after_s;
    /* What was asked of it. */
    unsigned n_listings, n_texts, n_changes, n_freebusy, n_searches, n_shared;
    unsigned n_properties;
    struct be_expect last_expect;
    bool last_reply;
    const char *pinyin; /* finds "wang" by directory */
    struct be_push push; /* the last one registered */
    int64_t push_calendar_id;
    const char *hushed;       /* of the last request, a space behind each */
    const char *hush_objects; /* what it changed; NULL before its end */
    const char *last_freebusy; /* addresses, a space behind each */
};

/* One test's world. Answers live until the world ends. */
struct world {
    struct ctx *cx;
    struct bridge bridge;
    struct dav_response answer;
    const char *headers; /* of the request under way */
    void *doc;           /* of the last answer, parsed */
    int64_t user_id;
    /* Of the last answer, and what happens while it is sent. */
    size_t n_pieces, longest_piece_bytes;
    bool broken;
    void (*between_pieces)(struct world *w);
};
int world_start(void **state);
int world_end(void **state);
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_start, world_end)

/* An event from YYYYMMDDTHHMMSSZ for an hour; extra: whole lines with CRLF, or NULL. */
char *event_text(struct world *w, const char *uid, const char *start, const char *extra);
/* Puts it into the calendar behind the server's back. */
struct fake_object *fake_add(struct world *w, const char *calendar, const char *name,
    const char *text);
void fake_remove(struct world *w, const char *calendar, const char *name);
struct be_calendar *fake_calendar(struct world *w, const char *name);
struct fake_object *fake_object(struct world *w, const char *calendar, const char *name);

/* Sends a request. headers: "Name: value\nName: value", NULL = none; body NULL = none.
 * Returns the status; the answer is checked to be well-formed when it is XML. */
int ask(struct world *w, const char *method, const char *path, const char *headers,
    const char *body);
/* PROPFIND or REPORT bodies with all namespaces declared on the root, which may have
 * attributes; inner is its content. */
int propfind(struct world *w, const char *path, const char *depth, const char *props);
int report(struct world *w, const char *path, const char *headers, const char *root,
    const char *inner);
char *element(struct world *w, const char *root, const char *inner);

const char *answer_header(const struct world *w, const char *name); /* NULL = none */
const char *answer_body(const struct world *w);
/* XPath on the answer; prefixes D, C, CS, A, X ("urn:x"). */
int found(struct world *w, const char *xpath);
char *text_at(struct world *w, const char *xpath); /* "" when there is none */

/* The value of a property (its text, or "" when it is an empty element) that must be 200.
 */
#define assert_status(w, expected, call)                                                 \
    do {                                                                                 \
        int status_ = (call);                                                            \
        if (status_ != (expected))                                                       \
            print_error("%s\n", answer_body(w));                                         \
        assert_int_equal(status_, (expected));                                           \
    } while (0)
#define assert_found(w, expected, xpath)                                                 \
    do {                                                                                 \
        int found_ = found((w), (xpath));                                                \
        if (found_ != (expected))                                                        \
            print_error("%s\nin %s\n", (xpath), answer_body(w));                         \
        assert_int_equal(found_, (expected));                                            \
    } while (0)
/* The answer is this error: status, and the precondition element of DAV:error. */
#define assert_precondition(w, expected, name, call)                                     \
    do {                                                                                 \
        assert_status((w), (expected), (call));                                          \
        assert_found((w), 1, "/D:error/" name);                                          \
    } while (0)

#endif
