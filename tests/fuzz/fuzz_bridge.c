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

static bool add_row(struct ctx *cx, const cJSON *event, struct fuzz_series *out)
{
    const char *id = json_text(event, "event_id"), *mark = strrchr(id, '_');
    long long original = 0;
    if (!mark || mark == id || !str_to_ll(mark + 1, 0, INT64_MAX / 2, &original))
        return false;
    const char *uid = arena_strndup(cx->arena, id, (size_t)(mark - id));
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

bool fuzz_series_read(struct ctx *cx, const char *json, struct fuzz_series *out)
{
    const cJSON *root = json_parse(cx->arena, utf8_mended(cx->arena, json, strlen(json)));
    *out = (struct fuzz_series){.series = {.exceptions = out->rows}};
    if (cJSON_IsObject(root))
        return add_row(cx, root, out);
    const cJSON *event;
    cJSON_ArrayForEach(event, root) if (!add_row(cx, event, out)) return false;
    return cJSON_IsArray(root) && (out->series.master || out->series.n_exceptions);
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

static void check_properties(icalcomponent *comp, const char *text, bool own)
{
    for (icalproperty *one = icalcomponent_get_first_property(comp, ICAL_ANY_PROPERTY);
         one; one = icalcomponent_get_next_property(comp, ICAL_ANY_PROPERTY)) {
        icalproperty_kind kind = icalproperty_isa(one);
        if (own && kind == ICAL_XLICERROR_PROPERTY && is_complaint(one))
            show(icalproperty_get_xlicerror(one), text);
        if (kind == ICAL_RRULE_PROPERTY &&
            icalproperty_get_rrule(one).freq == ICAL_NO_RECURRENCE)
            show("a rule that libical cannot read", text);
    }
    for (icalcomponent *sub = icalcomponent_get_first_component(comp, ICAL_ANY_COMPONENT);
         sub; sub = icalcomponent_get_next_component(comp, ICAL_ANY_COMPONENT))
        check_properties(sub, text, own);
}

void fuzz_check_served(struct ctx *cx, const char *text, bool own)
{
    struct ics_object object;
    /* A client may fold inside a character; the reader joins before it looks. */
    if (own && !utf8_valid(text, strlen(text)))
        show("no UTF-8", text);
    if (ics_object_parse(cx, text, strlen(text), &object) != ERR_OK)
        show(ctx_error(cx), text);
    icalcomponent *root = icalparser_parse_string(text);
    if (!root || icalcomponent_isa(root) != ICAL_VCALENDAR_COMPONENT)
        show("libical cannot read it", text);
    check_properties(root, text, own);
    icalcomponent_free(root);
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
