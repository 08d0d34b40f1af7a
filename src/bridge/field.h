/*
 * One table of the fields that a Feishu event and an iCalendar component share.
 * Conversion both ways, what a client's change writes upstream, and which lines the
 * shadow keeps all come from it.
 *
 * In between stands the neutral form: a JSON object of "facts", one member a field,
 * shaped as the calendar API shapes it, with defaults left out, all-day ends exclusive
 * and descriptions as plain text.
 */
#ifndef BRIDGE_FIELD_H
#define BRIDGE_FIELD_H

#include "bridge/convert.h"
#include "feishu/client.h" /* json_text and its kin */
#include "ical/ics.h"

#define FIELD_MAX_NAMES 6

enum field_writer {
    WRITER_NOBODY, /* upstream decides it */
    WRITER_ORGANIZER,
    WRITER_PARTICIPANT, /* everybody, each for the own view (feishu-api 5.5) */
};

struct zone_list {
    const struct zone **items;
    size_t n, cap;
};
struct line_list {
    struct line **items;
    size_t n, cap;
};

/* A component in its calendar, and what reading or writing its lines needs. */
struct scene {
    const struct convert_env *env;
    struct comp *calendar;
    struct comp *event;
    bool is_override;
    struct zone_list *zones; /* zones that new lines name; NULL while only reading */
};

/* What a write is made of. */
struct field_write {
    const struct convert_env *env;
    const cJSON *facts;
    const cJSON *was; /* what they were, NULL = not known */
    bool create;
};

struct field {
    const char *name; /* member of the facts and of the event object */
    const char
        *lines[FIELD_MAX_NAMES]; /* iCalendar properties or components that hold it */
    const char
        *repeated[FIELD_MAX_NAMES]; /* properties that say it again: dropped with it */
    const char *about; /* for docs/mapping.md */
    enum field_writer writer;
    bool concerns_others; /* a change is worth a notification */
    bool master_only;     /* exceptions have none */
    size_t max_chars;     /* 0 = no limit of its own */
    /* Component -> fact. *value stays NULL where the component says the default. */
    enum err (*up)(struct ctx *cx, const struct scene *scene, cJSON **value);
    /* Event object -> fact, likewise. */
    enum err (*read)(struct ctx *cx, const struct convert_env *env,
        const struct series_row *row, cJSON **value);
    /* NULL = the values are compared as JSON. Either may be NULL. */
    bool (*equal)(const cJSON *a, const cJSON *b);
    /* Facts -> property lines. NULL when patch does it. */
    void (*down)(struct ctx *cx, const struct scene *scene, const cJSON *facts,
        struct line_list *lines);
    /* For fields of several lines: brings the component's own lines in accord with the
     * facts and leaves alone what agrees. */
    void (*patch)(struct ctx *cx, const struct scene *scene, const cJSON *facts);
    /* Facts -> members of a request body. NULL = not written by create and patch. */
    enum err (*write)(struct ctx *cx, const struct field_write *write, cJSON *body);
};

extern const struct field fields[];
extern const size_t n_fields;

/* All facts of a component or an event object. They go with cx. */
enum err facts_up(struct ctx *cx, const struct scene *scene, cJSON **facts);
enum err facts_read(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **facts);
bool facts_equal(const struct field *field, const cJSON *a, const cJSON *b);
/* One's own answer, which is no part of the field of people. There is no way back to
 * none: where a, the newer one, or that of an occurrence of b, has none it is the same.
 */
bool facts_same_answer(const cJSON *a, const cJSON *b);
/* In all that an occurrence can say of its own, but for the answer. */
bool facts_same_fields(const cJSON *a, const cJSON *b);
/* With the answer: a, which b may be for the series. */
bool facts_same_occurrence(const cJSON *a, const cJSON *b);
/* Makes the component say the facts; lines that say them already keep their bytes. */
enum err facts_patch(struct ctx *cx, const struct scene *scene, const cJSON *facts);
/* Adds the field to a request body. Errors: UPSTREAM_REFUSED with the reason. */
enum err facts_write(struct ctx *cx, const struct field *field,
    const struct field_write *write, cJSON *body);

/* Gives a JSON value to the context's arena. */
cJSON *json_own(struct ctx *cx, cJSON *value);

/* Puts an item at an index of a component's content. */
void comp_insert(struct ctx *cx, struct comp *comp, size_t index, struct comp_item item);

#endif
