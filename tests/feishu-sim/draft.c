#include "draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draft_meeting.h"
#include "draft_times.h"
#include "switches.h"

/* Words that are kept as pointers into here. */
static const char *const WORDS[] = {
    "default",
    "public",
    "private",
    "busy",
    "free",
    "none",
    "can_see_others",
    "can_invite_others",
    "can_modify_event",
};

static const char *word_of(const char *text)
{
    for (size_t i = 0; text && i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (strcmp(WORDS[i], text) == 0)
            return WORDS[i];
    return NULL;
}

void draft_free(struct draft *d)
{
    free(d->rule);
    free(d->location);
    free(d->vchat);
    free(d->settings);
    free(d->reminders);
    free(d->schemas);
    free(d->attachments);
    free(d->check_in);
}

/* May an empty value clear the field? Always while creating: there is nothing to keep. */
static bool clears(const struct event *old)
{
    return !old || sw_is(SW_CLEAR_EMPTY, "clear");
}

static void read_texts(const struct request *rq, const struct event *old, struct draft *d)
{
    const char **slots[] = {&d->summary, &d->description, &d->description_rich};
    static const char *const names[] = {"summary", "description", "description_rich"};

    for (size_t i = 0; i < 3; i++) {
        const char *text = body_text(rq, names[i]);

        if (text && !*text && old && sw_is(SW_CLEAR_EMPTY, "keep"))
            text = NULL;
        *slots[i] = text;
    }
    d->source = old ? NULL : body_text(rq, "source");
    d->visibility = word_of(body_text(rq, "visibility"));
    d->attendee_ability = word_of(body_text(rq, "attendee_ability"));
    d->free_busy_status = word_of(body_text(rq, "free_busy_status"));
}

static int read_times(
    const struct request *rq, struct reply *rp, const struct event *old, struct draft *d)
{
    const cJSON *start = body_get(rq, "start_time"), *end = body_get(rq, "end_time");

    if (!start || !end)
        return 0;
    if (times_read(rp, start, end, &d->start, &d->end))
        return rp->code;
    d->has_times = true;
    if (old && old->start.all_day != d->start.all_day &&
        sw_is(SW_TIMED_ALLDAY_PATCH, "refuse"))
        return refuse_field(
            rp, 190014, "start_time", "", "timed and all-day do not change");
    if (old && *old->recurrence && strcmp(old->start.zone, d->start.zone) != 0 &&
        sw_is(SW_ZONE_PATCH, "refuse"))
        return refuse_field(rp, 190014, "start_time.timezone", d->start.zone,
            "the zone of a series does not change");
    return 0;
}

static int read_rule(
    const struct request *rq, struct reply *rp, const struct event *old, struct draft *d)
{
    const char *text = body_text(rq, "recurrence");

    if (!text)
        return 0;
    if (*text && old && old->master)
        return refuse_field(rp, 190014, "recurrence", text, "an exception has no rule");
    if (*text && rule_read(rp, text, &d->rule))
        return rp->code;
    if (!*text && !clears(old))
        return 0;
    d->has_rule = true;
    if (!d->rule)
        d->rule = xstrdup("");
    return 0;
}

static void copy_number(struct buf *to, const cJSON *from, const char *name)
{
    const cJSON *v = json_get(from, name);
    cJSON *number;

    if (!cJSON_IsNumber(v))
        return;
    number = cJSON_CreateNumber(
        sw_is(SW_GEO_FLOAT32, "on") ? (double)(float)v->valuedouble : v->valuedouble);
    jw_json(to, name, number);
    cJSON_Delete(number);
}

static void copy_text(struct buf *to, const cJSON *from, const char *name)
{
    const char *text = json_text(from, name);

    if (text)
        jw_str(to, name, text);
}

static void read_location(
    const struct request *rq, const struct event *old, struct draft *d)
{
    const cJSON *body = body_get(rq, "location");
    struct buf kept = {0};
    size_t empty;

    if (!body)
        return;
    jw_open(&kept, NULL, '{');
    empty = kept.n;
    copy_text(&kept, body, "name");
    copy_text(&kept, body, "address");
    copy_number(&kept, body, "latitude");
    copy_number(&kept, body, "longitude");
    d->has_location = kept.n > empty || clears(old);
    if (kept.n > empty) {
        jw_close(&kept, '}');
        d->location = kept.p;
    } else {
        buf_free(&kept);
    }
}

static void read_own(const struct request *rq, const struct event *old, struct draft *d)
{
    const cJSON *color = body_get(rq, "color"), *list = body_get(rq, "reminders"), *one;
    struct buf out = {0};

    if (color) {
        d->has_color = true;
        d->color = (int)color->valuedouble;
    }
    if (!list || (!list->child && !clears(old)))
        return;
    jw_open(&out, NULL, '[');
    cJSON_ArrayForEach(one, list)
    {
        const cJSON *minutes = cJSON_GetObjectItemCaseSensitive(one, "minutes");

        jw_open(&out, NULL, '{');
        jw_int(&out, "minutes", minutes ? minutes->valueint : 0);
        jw_close(&out, '}');
    }
    jw_close(&out, ']');
    d->has_reminders = true;
    d->reminders = out.p;
}

int draft_read(const struct request *rq, struct reply *rp, const struct event *old,
    struct draft *out)
{
    *out = (struct draft){0};
    read_texts(rq, old, out);
    read_location(rq, old, out);
    read_own(rq, old, out);
    if (read_times(rq, rp, old, out) || read_rule(rq, rp, old, out) ||
        meeting_read(rq, rp, old, out) || schemas_read(rq, rp, out) ||
        attachments_read(rq, rp, old, out) || check_in_read(rq, rp, out)) {
        draft_free(out);
        return rp->code;
    }
    return 0;
}

bool draft_is_beyond_own(const struct draft *d)
{
    return d->has_times || d->has_rule || d->has_location || d->has_vchat ||
        d->has_settings || d->has_schemas || d->has_attachments || d->has_check_in ||
        d->attendee_ability || d->summary || d->description || d->description_rich;
}

void draft_apply_own(
    const struct draft *d, struct event *ev, struct person *who, bool create)
{
    struct view *view;

    if (create && d->visibility)
        ev->visibility = d->visibility;
    if (create && d->free_busy_status)
        ev->free_busy_status = d->free_busy_status;
    if (!d->has_color && !d->has_reminders &&
        (create || (!d->visibility && !d->free_busy_status)))
        return;
    view = view_make(ev, who);
    if (d->has_color) {
        view->has_color = true;
        view->color = d->color;
    }
    if (d->has_reminders)
        set_str(&view->reminders, d->reminders);
    if (!create && d->visibility)
        view->visibility = d->visibility;
    if (!create && d->free_busy_status)
        view->free_busy_status = d->free_busy_status;
}

static bool same_time(const struct when *a, const struct when *b)
{
    return a->all_day == b->all_day && a->at == b->at && strcmp(a->zone, b->zone) == 0;
}

bool draft_moves(const struct draft *d, const struct event *ev)
{
    return (d->has_times &&
               !(same_time(&d->start, &ev->start) && same_time(&d->end, &ev->end))) ||
        (d->has_rule && strcmp(d->rule, ev->recurrence) != 0);
}

void draft_apply_shared(struct draft *d, struct event *ev)
{
    if (d->summary)
        set_str(&ev->summary, d->summary);
    if (d->description)
        set_str(&ev->description, d->description);
    if (d->description_rich)
        set_str(&ev->description_rich, d->description_rich);
    if (d->source)
        set_str(&ev->source, d->source);
    if (d->attendee_ability)
        ev->attendee_ability = d->attendee_ability;
    if (d->has_times) {
        ev->start = d->start;
        ev->end = d->end;
    }
    if (d->has_rule)
        set_str(&ev->recurrence, d->rule);
    if (d->has_location)
        set_str(&ev->location, d->location);
    if (d->has_vchat) {
        set_str(&ev->vchat, d->vchat);
        ev->vchat_open = d->vchat_open;
    }
    if (d->has_settings)
        set_str(&ev->meeting_settings, d->settings);
    if (d->has_schemas)
        set_str(&ev->schemas, d->schemas);
    if (d->has_attachments)
        set_str(&ev->attachments, d->attachments);
    if (d->has_check_in)
        set_str(&ev->check_in, d->check_in);
}
