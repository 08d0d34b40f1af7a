#include "fuzz_bridge.h"

#include "base/str.h"
#include "feishu/client.h"
#include "ical/ics.h"

#include <libical/ical.h>
#include <string.h>

static const char *address_of(void *self, struct ctx *cx, const char *open_id)
{
    (void)self;
    (void)cx;
    return str_eq(open_id, "ou_alice") ? "alice@example.com" : NULL;
}

static const char *id_of(void *self, struct ctx *cx, const char *address)
{
    (void)self;
    (void)cx;
    return str_ieq(address, "alice@example.com") ? "ou_alice" : NULL;
}

const struct convert_env fuzz_env = {
    .read_end_exclusive = true,
    .write_end_inclusive = true,
    .calendar_id = "cal_me",
    .own_id = "ou_me",
    .own_address = "me@example.com",
    .own_name = "Me Myself",
    .timezone = "Asia/Shanghai",
    .role = BE_OWNER,
    .address_of = address_of,
    .id_of = id_of,
};

/* Feishu lists nobody twice. */
static bool has_twins(const cJSON *event)
{
    static const char *const ids[] = {
        "user_id", "third_party_email", "room_id", "chat_id"};
    const cJSON *a, *b, *list = cJSON_GetObjectItemCaseSensitive(event, "attendees");
    cJSON_ArrayForEach(a, list)
    {
        for (b = a->next; b; b = b->next)
            for (size_t i = 0; i < 4; i++)
                if (str_ieq(json_text(a, ids[i]), json_text(b, ids[i])) &&
                    *json_text(a, ids[i]))
                    return true;
    }
    return false;
}

static bool add_row(struct ctx *cx, const cJSON *event, struct fuzz_series *out)
{
    const char *id = json_text(event, "event_id"), *mark = strrchr(id, '_');
    long long original = 0;
    if (!mark || mark == id || has_twins(event) ||
        !str_to_ll(mark + 1, 0, INT64_MAX / 2, &original))
        return false;
    const char *uid = arena_strndup(cx->arena, id, (size_t)(mark - id));
    /* event_id_split takes no such id. */
    if (mark - id > 200 || *id == ' ' || str_has_control(uid))
        return false;
    if (out->series.uid && !str_eq(out->series.uid, uid))
        return false;
    out->series.uid = out->series.ical_uid = uid;
    struct series_row row = {.original_time = original, .event = event};
    for (size_t i = 0; i < out->series.n_exceptions; i++)
        if (original && out->rows[i].original_time == original)
            return true; /* the store has one row a time */
    if (original && out->series.n_exceptions == FUZZ_MAX_ROWS)
        return false;
    if (original) {
        out->rows[out->series.n_exceptions++] = row;
    } else {
        out->master = row;
        out->series.master = &out->master;
    }
    return true;
}

static bool is_all_day(const cJSON *event)
{
    return *json_text(cJSON_GetObjectItemCaseSensitive(event, "start_time"), "date");
}

/* The occurrences of all-day series are named by midnight UTC (feishu-api 5.1). */
static bool has_sane_times(const struct fuzz_series *one)
{
    for (size_t i = 0; i < one->series.n_exceptions; i++) {
        const struct series_row *row = &one->rows[i];
        const struct series_row *form = one->series.master ? one->series.master : row;
        if (is_all_day(form->event) && row->original_time % 86400)
            return false;
    }
    return one->series.master || one->series.n_exceptions;
}

bool fuzz_series_read(struct ctx *cx, const char *json, struct fuzz_series *out)
{
    const cJSON *root = json_parse(cx->arena, utf8_mended(cx->arena, json, strlen(json)));
    *out = (struct fuzz_series){.series = {.exceptions = out->rows}};
    if (cJSON_IsObject(root))
        return add_row(cx, root, out) && has_sane_times(out);
    const cJSON *event;
    cJSON_ArrayForEach(event, root) if (!add_row(cx, event, out)) return false;
    return cJSON_IsArray(root) && has_sane_times(out);
}

static void show(const char *what, const char *text)
{
    fprintf(stderr, "%s\n%s\n", what, text);
    abort();
}

/* A name that libical does not know is no mistake. */
static bool is_complaint(icalproperty *property)
{
    icalparameter *type =
        icalproperty_get_first_parameter(property, ICAL_XLICERRORTYPE_PARAMETER);
    icalparameter_xlicerrortype kind =
        type ? icalparameter_get_xlicerrortype(type) : ICAL_XLICERRORTYPE_NONE;
    return kind == ICAL_XLICERRORTYPE_VALUEPARSEERROR ||
        kind == ICAL_XLICERRORTYPE_COMPONENTPARSEERROR ||
        kind == ICAL_XLICERRORTYPE_PARAMETERVALUEPARSEERROR;
}

/* What libical has against a component, NULL = nothing. */
static const char *complaint_of(icalcomponent *comp)
{
    for (icalproperty *one = icalcomponent_get_first_property(comp, ICAL_ANY_PROPERTY);
         one; one = icalcomponent_get_next_property(comp, ICAL_ANY_PROPERTY)) {
        icalproperty_kind kind = icalproperty_isa(one);
        if (kind == ICAL_XLICERROR_PROPERTY && is_complaint(one))
            return icalproperty_get_xlicerror(one);
        if (kind == ICAL_RRULE_PROPERTY &&
            icalproperty_get_rrule(one).freq == ICAL_NO_RECURRENCE)
            return "a rule that cannot be read";
    }
    for (icalcomponent *sub = icalcomponent_get_first_component(comp, ICAL_ANY_COMPONENT);
         sub; sub = icalcomponent_get_next_component(comp, ICAL_ANY_COMPONENT)) {
        const char *complaint = complaint_of(sub);
        if (complaint)
            return complaint;
    }
    return NULL;
}

static const char *complaint_of_text(struct ctx *cx, const char *text)
{
    icalcomponent *root = icalparser_parse_string(text);
    bool whole = root && icalcomponent_isa(root) == ICAL_VCALENDAR_COMPONENT;
    const char *complaint = whole ? complaint_of(root) : "no VCALENDAR";
    if (complaint)
        complaint = arena_strdup(cx->arena, complaint);
    if (root)
        icalcomponent_free(root);
    return complaint;
}

void fuzz_check_served(struct ctx *cx, const char *text, const char *from)
{
    struct ics_object object;
    /* A client may fold inside a character; the reader joins before it looks. */
    if (!from && !utf8_valid(text, strlen(text)))
        show("no UTF-8", text);
    if (ics_object_parse(cx, text, strlen(text), &object) != ERR_OK)
        show(ctx_error(cx), text);
    const char *complaint = complaint_of_text(cx, text);
    if (complaint && (!from || !complaint_of_text(cx, from)))
        show(complaint, text);
}

void fuzz_check_settled(struct ctx *cx, const struct series *series, const char *text)
{
    char *again;
    struct plan plan = {0};
    FUZZ_CHECK(convert_down(cx, &fuzz_env, series, text, &again) == ERR_OK);
    if (!str_eq(again, text)) {
        fprintf(stderr, "%s\n", again);
        show("laid over itself it was", text);
    }
    if (convert_plan(cx, &fuzz_env, series, text, text, &plan) == ERR_OK && plan.steps.n)
        show("a client that sends it back asks for something", text);
}
