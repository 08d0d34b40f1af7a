#include "bridge/field.h"

#include "bridge/alarm.h"
#include "bridge/attendee.h"
#include "bridge/field_attach.h"
#include "bridge/field_description.h"
#include "bridge/field_text.h"
#include "bridge/field_time.h"
#include "bridge/people.h"
#include "bridge/rrule.h"
#include "bridge/vchat.h"
#include "bridge/veil.h"

#include <string.h>

static void release_json(void *object)
{
    cJSON_Delete(object);
}

cJSON *json_own(struct ctx *cx, cJSON *value)
{
    if (value != NULL)
        arena_defer(cx->arena, release_json, value);
    return value;
}

void comp_insert(struct ctx *cx, struct comp *comp, size_t index, struct comp_item item)
{
    struct comp_item last = {0};
    LIST_ADD(cx->arena, &comp->items, last);
    memmove(comp->items.items + index + 1, comp->items.items + index,
        sizeof item * (comp->items.n - 1 - index));
    comp->items.items[index] = item;
}

static bool is_one_of(const char *name, const char *const names[FIELD_MAX_NAMES])
{
    for (size_t i = 0; i < FIELD_MAX_NAMES && names[i] != NULL; i++) {
        if (str_eq(name, names[i]))
            return true;
    }
    return false;
}

/* Removes the field's lines; returns where the first stood, or the end of the properties.
 */
static size_t take_lines(struct comp *comp, const struct field *field)
{
    size_t place = SIZE_MAX, end = 0, kept = 0;
    for (size_t i = 0; i < comp->items.n; i++) {
        const struct line *line = comp->items.items[i].line;
        bool own = line != NULL && is_one_of(line->name, field->lines);
        if (own && place == SIZE_MAX)
            place = kept;
        if (own || (line != NULL && is_one_of(line->name, field->repeated)))
            continue;
        comp->items.items[kept++] = comp->items.items[i];
        if (line != NULL)
            end = kept;
    }
    comp->items.n = kept;
    return place == SIZE_MAX ? end : place;
}

static void replace_lines(struct ctx *cx, const struct scene *scene,
    const struct field *field, const cJSON *facts)
{
    struct line_list lines = {0};
    field->down(cx, scene, facts, &lines);
    size_t place = take_lines(scene->event, field);
    for (size_t i = 0; i < lines.n; i++)
        comp_insert(
            cx, scene->event, place + i, (struct comp_item){.line = lines.items[i]});
}

static bool applies(const struct field *field, bool is_override)
{
    return !(field->master_only && is_override);
}

enum err facts_up(struct ctx *cx, const struct scene *scene, cJSON **facts)
{
    cJSON *all = json_own(cx, cJSON_CreateObject());
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        if (field->up == NULL || !applies(field, scene->is_override))
            continue;
        cJSON *value = NULL;
        TRY(field->up(cx, scene, &value));
        if (value != NULL)
            cJSON_AddItemToObject(all, field->name, value);
    }
    *facts = all;
    return ERR_OK;
}

enum err facts_read(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **facts)
{
    cJSON *all = json_own(cx, cJSON_CreateObject());
    struct series_row seen = row_as_seen(cx, env, row);
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        if (field->read == NULL || !applies(field, row->original_time != 0))
            continue;
        cJSON *value = NULL;
        TRY(field->read(cx, env, &seen, &value));
        if (value != NULL)
            cJSON_AddItemToObject(all, field->name, value);
    }
    *facts = all;
    return ERR_OK;
}

bool facts_equal(const struct field *field, const cJSON *a, const cJSON *b)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(a, field->name);
    const cJSON *y = cJSON_GetObjectItemCaseSensitive(b, field->name);
    if (field->equal != NULL)
        return field->equal(x, y);
    if (x == NULL || y == NULL)
        return x == y;
    return cJSON_Compare(x, y, true);
}

bool facts_same_answer(const cJSON *a, const cJSON *b)
{
    const cJSON *x = people_self(cJSON_GetObjectItemCaseSensitive(a, "attendees"));
    const cJSON *y = people_self(cJSON_GetObjectItemCaseSensitive(b, "attendees"));
    if (x == NULL || y == NULL || json_bool(x, "organizer", false) ||
        json_bool(y, "organizer", false) || str_eq(json_text(x, "rsvp"), "needs_action"))
        return true;
    return str_eq(json_text(x, "rsvp"), json_text(y, "rsvp"));
}

bool facts_same_fields(const cJSON *a, const cJSON *b)
{
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        if (field->up != NULL && applies(field, true) && !facts_equal(field, a, b))
            return false;
    }
    return true;
}

bool facts_same_occurrence(const cJSON *a, const cJSON *b)
{
    return facts_same_fields(a, b) && facts_same_answer(a, b);
}

/* Asked when the rows above are patched already: where an event ends and where its rule
 * ends may depend on where it starts (DURATION, COUNT). A DTEND that has fallen behind
 * the start must not pass for the shortest event. */
static bool says(struct ctx *cx, const struct scene *scene, const struct field *field,
    const cJSON *old, const cJSON *facts)
{
    cJSON *value = NULL, *now = json_own(cx, cJSON_CreateObject());
    if (!facts_equal(field, old, facts) && is_one_of("DTEND", field->lines) &&
        comp_line(scene->event, "DTEND") != NULL)
        return false;
    if (field->write == write_times && !times_float_alike(cx, scene, facts))
        return false;
    if (field->up(cx, scene, &value) != ERR_OK)
        return false;
    if (value != NULL)
        cJSON_AddItemToObject(now, field->name, value);
    return facts_equal(field, now, facts);
}

static void patch_field(struct ctx *cx, const struct scene *scene,
    const struct field *field, const cJSON *old, const cJSON *facts)
{
    bool fresh = old == NULL;
    if (!applies(field, scene->is_override))
        return;
    if (field->patch != NULL)
        field->patch(cx, scene, facts);
    else if (field->down != NULL && (fresh || field->up != NULL) &&
        (fresh || !says(cx, scene, field, old, facts)))
        replace_lines(cx, scene, field, facts);
}

enum err facts_patch(struct ctx *cx, const struct scene *scene, const cJSON *facts)
{
    bool fresh = comp_line(scene->event, "DTSTART") == NULL;
    cJSON *old = NULL;
    if (!fresh)
        TRY(facts_up(cx, scene, &old));
    for (size_t i = 0; i < n_fields; i++)
        patch_field(cx, scene, &fields[i], old, facts);
    /* What a DTEND in another zone says hangs on whether there is still a rule. */
    for (size_t i = 0; i < n_fields && !fresh; i++) {
        if (is_one_of("DTEND", fields[i].lines))
            patch_field(cx, scene, &fields[i], old, facts);
    }
    return ERR_OK;
}

enum err facts_write(struct ctx *cx, const struct field *field,
    const struct field_write *write, cJSON *body)
{
    if (field->write == NULL)
        return ERR_OK;
    const char *text = json_text(write->facts, field->name);
    if (field->max_chars != 0 && utf8_length(text) > field->max_chars)
        return fail(cx, ERR_UPSTREAM_REFUSED,
            "%s: Feishu holds at most %zu characters, not %zu", field->lines[0],
            field->max_chars, utf8_length(text));
    return field->write(cx, write, body);
}

/* clang-format off */

/* The order is that of a new component. */
const struct field fields[] = {
    {.name = "create_time",
     .about = "when it was made; a client's own CREATED stays",
     .lines = {"CREATED"}, .writer = WRITER_NOBODY,
     .read = read_created, .down = down_created},
    {.name = "start_time",
     .about = "an IANA zone, or a date; floating times in the zone of the calendar, "
              "else of the account",
     .lines = {"DTSTART"}, .writer = WRITER_ORGANIZER,
     .concerns_others = true,
     .up = up_start, .read = read_start, .equal = equal_time, .down = down_start,
     .write = write_times},
    {.name = "end_time",
     .about = "all-day ends are read exclusive and written inclusive, as the probe "
              "found",
     .lines = {"DTEND", "DURATION"}, .writer = WRITER_ORGANIZER,
     .concerns_others = true,
     .up = up_end, .read = read_end, .equal = equal_time, .down = down_end,
     .write = write_times},
    {.name = "recurrence",
     .about = "COUNT becomes UNTIL on the wire; exceptions are events of their own "
              "(RECURRENCE-ID), cancelled ones EXDATE",
     .lines = {"RRULE"}, .repeated = {"RDATE"}, .writer = WRITER_ORGANIZER,
     .concerns_others = true, .master_only = true,
     .up = up_recurrence, .read = read_recurrence, .equal = equal_recurrence,
     .down = down_recurrence, .write = write_recurrence},
    {.name = "summary", .lines = {"SUMMARY"}, .writer = WRITER_ORGANIZER,
     .concerns_others = true, .max_chars = 1000,
     .up = up_summary, .read = read_summary, .down = down_summary,
     .write = write_summary},
    {.name = "description",
     .about = "HTML is shown as text, and written only when the text was edited; then "
              "with the markup of twins that say the new text",
     .lines = {"DESCRIPTION"},
     .repeated = {"X-ALT-DESC", "STYLED-DESCRIPTION"}, .writer = WRITER_ORGANIZER,
     .concerns_others = true, .max_chars = DESCRIPTION_MAX_CHARS,
     .up = up_description, .read = read_description,
     .down = down_description, .write = write_description},
    {.name = "description_html",
     .about = "the markup of a description, cleaned, at most 64 KiB; written as the "
              "description where its words alone were edited",
     .lines = {"X-ALT-DESC", "STYLED-DESCRIPTION"}, .writer = WRITER_ORGANIZER,
     .concerns_others = true,
     .up = up_html, .read = read_html, .equal = equal_html, .patch = patch_html,
     .write = write_html},
    {.name = "location",
     .about = "name and address; coordinates inside China are GCJ-02 and never GEO",
     .lines = {"LOCATION", "GEO"},
     .repeated = {"X-APPLE-STRUCTURED-LOCATION", "STRUCTURED-DATA"},
     .writer = WRITER_ORGANIZER, .concerns_others = true,
     .up = up_location, .read = read_location, .equal = equal_location,
     .down = down_location, .write = write_location},
    {.name = "visibility",
     .about = "default is no CLASS; CONFIDENTIAL is private",
     .lines = {"CLASS"}, .writer = WRITER_PARTICIPANT,
     .up = up_visibility, .read = read_visibility, .down = down_visibility,
     .write = write_visibility},
    {.name = "free_busy_status",
     .about = "free is TRANSPARENT",
     .lines = {"TRANSP"}, .writer = WRITER_PARTICIPANT,
     .up = up_free_busy, .read = read_free_busy, .down = down_free_busy,
     .write = write_free_busy},
    {.name = "status",
     .about = "only CANCELLED is shared: TENTATIVE is the client's own, Feishu's "
              "tentative a missing answer",
     .lines = {"STATUS"}, .writer = WRITER_NOBODY,
     .up = up_status, .read = read_status, .down = down_status},
    {.name = "color",
     .about = "the nearest CSS name; 0 and -1 are the calendar's colour",
     .lines = {"COLOR"}, .writer = WRITER_PARTICIPANT,
     .up = up_color, .read = read_color, .equal = equal_color, .down = down_color,
     .write = write_color},
    {.name = "vchat",
     .about = "CONFERENCE with FEATURE is a meeting of others, feishu:meeting asks "
              "for one of Feishu's; the link is shown in both",
     .lines = {"CONFERENCE", "URL"}, .writer = WRITER_ORGANIZER,
     .concerns_others = true,
     .up = up_vchat, .read = read_vchat, .equal = equal_vchat, .patch = patch_vchat,
     .write = write_vchat},
    {.name = "attachments",
     .about = "links to the event in Feishu, without tokens; a client neither changes "
              "nor removes them, other ATTACHs are its own",
     .lines = {"ATTACH"}, .writer = WRITER_NOBODY,
     .read = read_attachments, .patch = patch_attachments},
    /* Written by calls of their own: plan_people.c. */
    {.name = "attendees",
     .about = "by calls of their own; one's own PARTSTAT is a reply",
     .lines = {"ORGANIZER", "ATTENDEE"}, .writer = WRITER_ORGANIZER,
     .concerns_others = true,
     .up = up_people, .read = read_people, .equal = equal_people,
     .patch = patch_people},
    {.name = "reminders",
     .about = "display alarms relative to the start; all others are the client's "
              "own",
     .lines = {"VALARM"}, .writer = WRITER_PARTICIPANT,
     .up = up_reminders, .read = read_reminders, .patch = patch_reminders,
     .write = write_reminders},
};
/* clang-format on */
const size_t n_fields = sizeof fields / sizeof fields[0];
