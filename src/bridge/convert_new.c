/* Components that Feishu has and the text of a client does not: an empty calendar, an
 * event or a changed occurrence, for fields to be laid over. */
#include "bridge/convert_down.h"

#define PRODID "-//feishu-caldav//feishu-caldav//EN"

struct comp *down_new_calendar(struct ctx *cx)
{
    struct comp *calendar = comp_new(cx, "VCALENDAR");
    comp_add_line(cx, calendar, line_new(cx, "VERSION:2.0"));
    comp_add_line(cx, calendar, line_new(cx, "PRODID:" PRODID));
    comp_add_line(cx, calendar, line_new(cx, "CALSCALE:GREGORIAN"));
    return calendar;
}

/* The one of the other events: a client may have left it unescaped. */
static struct line *uid_line(struct ctx *cx, const struct down *down)
{
    size_t at = 0;
    const struct comp *other = comp_next_sub(down->view.calendar, "VEVENT", &at);
    struct line *line = other == NULL ? NULL : comp_line(other, "UID");
    return line != NULL ? line : line_new(cx, "UID:%s", down->series->ical_uid);
}

struct comp *down_new_event(
    struct ctx *cx, const struct down *down, const struct series_row *row)
{
    char text[WHEN_TEXT_BYTES];
    struct comp *event = comp_new(cx, "VEVENT");
    int64_t created_s = json_int(row->event, "create_time", 0);
    if (created_s < 0 || !time_fits(created_s))
        created_s = 0;
    comp_add_line(cx, event, uid_line(cx, down));
    comp_add_line(
        cx, event, line_new(cx, "DTSTAMP:%s", when_ics_utc(created_s, text)));
    return event;
}

static const char *const series_lines[] = {
    "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"};

struct comp *down_new_override(
    struct ctx *cx, struct down *down, const struct series_row *row)
{
    struct comp *event;
    if (down->view.master != NULL) {
        event = comp_clone(cx, down->view.master);
        for (size_t i = 0; i < sizeof series_lines / sizeof series_lines[0]; i++)
            comp_replace_lines(cx, event, series_lines[i], NULL, 0);
    } else {
        event = down_new_event(cx, down, row);
    }
    struct scene scene = down_scene(down, event);
    struct ics_time form = down->view.form;
    if (!form.set) {
        const cJSON *start = cJSON_GetObjectItemCaseSensitive(row->event, "start_time");
        const struct zone *zone = zone_find(json_text(start, "timezone"));
        form.is_date = *json_text(start, "date") != '\0';
        form.zone = zone == NULL ? zone_utc() : zone;
    }
    struct line *id =
        original_line(cx, &scene, "RECURRENCE-ID", &form, row->original_time);
    size_t place = 0;
    for (size_t i = 0; i < event->items.n; i++) {
        const struct line *line = event->items.items[i].line;
        if (line != NULL && (str_eq(line->name, "UID") || str_eq(line->name, "DTSTAMP")))
            place = i + 1;
    }
    comp_insert(cx, event, place, (struct comp_item){.line = id});
    return event;
}
