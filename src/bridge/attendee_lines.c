/* The lines of people: kept where they agree with upstream, patched where they differ. */
#include "bridge/attendee.h"
#include "bridge/people.h"

#include <stdlib.h>
#include <string.h>

/* The line with a parameter set; the others stay in their order. */
static struct line *with_param(
    struct ctx *cx, const struct line *line, const char *name, const char *value)
{
    struct buf out = buf_new(cx->arena);
    bool found = false;
    buf_adds(&out, line->name);
    for (size_t i = 0; i < line->n_params; i++) {
        const struct line_param *param = &line->params[i];
        bool own = str_eq(param->name, name);
        found = found || own;
        buf_printf(&out, ";%s=%s", param->name,
            own ? value : param_escape(cx->arena, param->value));
    }
    if (!found)
        buf_printf(&out, ";%s=%s", name, value);
    return line_new(cx, "%s:%s", buf_str(&out), line->value);
}

static struct line *person_line(struct ctx *cx, const cJSON *person)
{
    const char *name = json_text(person, "name"), *type = json_text(person, "type");
    const char *cutype = "INDIVIDUAL",
               *partstat = people_partstat(json_text(person, "rsvp"));
    for (size_t i = 0; i < n_people_kinds; i++) {
        if (str_eq(type, people_kinds[i].type))
            cutype = people_kinds[i].cutype;
    }
    struct buf out = buf_new(cx->arena);
    if (*name != '\0')
        buf_printf(&out, ";CN=%s", param_escape(cx->arena, name));
    buf_printf(&out, ";CUTYPE=%s;ROLE=%s;PARTSTAT=%s%s", cutype,
        json_bool(person, "optional", false) ? "OPT-PARTICIPANT" : "REQ-PARTICIPANT",
        partstat, str_eq(partstat, "NEEDS-ACTION") ? ";RSVP=TRUE" : "");
    return line_new(
        cx, "ATTENDEE%s:mailto:%s", buf_str(&out), json_text(person, "address"));
}

/* The upstream person that a line means. */
static const cJSON *match(struct ctx *cx, const struct scene *scene,
    const struct people_index *people, const char *address)
{
    const cJSON *one = people_find(people, address, NULL);
    if (one != NULL || !people_can_invite(address))
        return one;
    return people_find(people, "", people_id(cx, scene->env, address));
}

static void patch_organizer(
    struct ctx *cx, const struct scene *scene, const cJSON *people)
{
    const cJSON *organizer = cJSON_GetObjectItemCaseSensitive(people, "organizer");
    struct line *line = comp_line(scene->event, "ORGANIZER");
    if (organizer == NULL)
        return;
    const char *address = json_text(organizer, "address"),
               *name = json_text(organizer, "name");
    if (line != NULL) {
        const char *old = people_line_address(cx, line);
        const char *id = str_ieq(old, address) ? NULL : people_id(cx, scene->env, old);
        if (str_ieq(old, address) || str_eq(id, json_text(organizer, "id")))
            return;
    }
    struct line *fresh = *name == '\0' ? line_new(cx, "ORGANIZER:mailto:%s", address)
                                       : line_new(cx, "ORGANIZER;CN=%s:mailto:%s",
                                             param_escape(cx->arena, name), address);
    comp_replace_lines(cx, scene->event, "ORGANIZER", &fresh, 1);
}

/* Brings one line in accord with its person; lines that agree are kept. */
static struct line *patched(struct ctx *cx, struct line *line, const cJSON *person)
{
    const char *partstat = line_param(line, "PARTSTAT"), *role = line_param(line, "ROLE");
    bool optional = str_ieq(role, "OPT-PARTICIPANT") || str_ieq(role, "NON-PARTICIPANT");
    if (!str_eq(people_rsvp(partstat), json_text(person, "rsvp")))
        line =
            with_param(cx, line, "PARTSTAT", people_partstat(json_text(person, "rsvp")));
    if (optional != json_bool(person, "optional", false))
        line = with_param(cx, line, "ROLE",
            json_bool(person, "optional", false) ? "OPT-PARTICIPANT" : "REQ-PARTICIPANT");
    return line;
}

static bool is_foreign(
    struct ctx *cx, const struct scene *scene, const struct line *organizer)
{
    return organizer != NULL &&
        !people_is_self(cx, scene->env, people_line_address(cx, organizer));
}

/* Nobody else upstream: the client's invited people are gone. An invitation that was
 * imported (somebody else's ORGANIZER on an own event) is the client's own record and
 * stays. */
static void patch_no_meeting(struct ctx *cx, const struct scene *scene)
{
    if (is_foreign(cx, scene, comp_line(scene->event, "ORGANIZER")))
        return;
    bool removed = false, others = false;
    size_t at = 0;
    for (struct line *line;
         (line = comp_next_line(scene->event, "ATTENDEE", &at)) != NULL;) {
        const char *address = people_line_address(cx, line);
        if (people_is_self(cx, scene->env, address))
            continue;
        if (!people_can_invite(address) || people_line_is_refused(line)) {
            others = true;
            continue;
        }
        comp_remove_line(scene->event, line);
        removed = true;
        at--;
    }
    if (removed && !others) {
        comp_replace_lines(cx, scene->event, "ATTENDEE", NULL, 0);
        comp_replace_lines(cx, scene->event, "ORGANIZER", NULL, 0);
    }
}

/* The people, and which of them were met while the lines were walked. */
struct walk {
    const cJSON *people;
    const struct people_index *index;
    LIST(const cJSON *) met;
};

static int by_place(const void *a, const void *b)
{
    const cJSON *x = *(const cJSON *const *)a, *y = *(const cJSON *const *)b;
    return (x > y) - (x < y);
}

static bool was_met(const struct walk *walk, const cJSON *person)
{
    return walk->met.n > 0 &&
        bsearch(&person, walk->met.items, walk->met.n, sizeof(const cJSON *), by_place) !=
        NULL;
}

static void patch_lines(struct ctx *cx, const struct scene *scene, struct walk *walk)
{
    struct comp *event = scene->event;
    const cJSON *people = walk->people;
    for (size_t i = 0; i < event->items.n; i++) {
        struct line *line = event->items.items[i].line;
        if (line == NULL || !str_eq(line->name, "ATTENDEE"))
            continue;
        const char *address = people_line_address(cx, line);
        const cJSON *person = match(cx, scene, walk->index, address);
        if (person != NULL) {
            event->items.items[i].line = patched(cx, line, person);
            LIST_ADD(cx->arena, &walk->met, person);
            continue;
        }
        const cJSON *organizer = cJSON_GetObjectItemCaseSensitive(people, "organizer");
        bool stays = !people_can_invite(address) || people_line_is_refused(line) ||
            people_is_self(cx, scene->env, address) ||
            str_ieq(address, json_text(organizer, "address"));
        if (!stays && !json_bool(people, "partial", false)) {
            comp_remove_line(event, line);
            i--;
        }
    }
    if (walk->met.n > 0)
        qsort(walk->met.items, walk->met.n, sizeof *walk->met.items, by_place);
}

static size_t end_of_people(const struct comp *event)
{
    size_t place = 0;
    bool found = false;
    for (size_t i = 0; i < event->items.n; i++) {
        const struct line *line = event->items.items[i].line;
        bool own = line != NULL &&
            (str_eq(line->name, "ATTENDEE") || str_eq(line->name, "ORGANIZER"));
        if (own || (line != NULL && !found))
            place = i + 1;
        found = found || own;
    }
    return place;
}

void patch_people(struct ctx *cx, const struct scene *scene, const cJSON *facts)
{
    const cJSON *people = cJSON_GetObjectItemCaseSensitive(facts, "attendees"), *one;
    if (people == NULL)
        return;
    if (!json_bool(people, "meeting", false)) {
        patch_no_meeting(cx, scene);
        return;
    }
    patch_organizer(cx, scene, people);
    struct walk walk = {
        .people = people, .index = people_index(cx, scene->env, people, true)};
    patch_lines(cx, scene, &walk);
    bool had_people = comp_line(scene->event, "ATTENDEE") != NULL;
    size_t place = end_of_people(scene->event);
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
    {
        /* Many clients do not list the organizer among the attendees. */
        if (was_met(&walk, one) || (had_people && json_bool(one, "organizer", false)))
            continue;
        comp_insert(
            cx, scene->event, place++, (struct comp_item){.line = person_line(cx, one)});
    }
}

/* ---- people whom upstream would not have ---- */

#define STATUS_NOBODY "3.7" /* RFC 5546 3.6: invalid calendar user */

static bool is_meant(struct ctx *cx, const struct convert_env *env,
    const struct line *line, const cJSON *request)
{
    const char *address = people_line_address(cx, line);
    const char *id = people_id(cx, env, address);
    for (size_t i = 0; i < n_people_kinds; i++) {
        const char *wanted = json_text(request, people_kinds[i].member);
        if (*wanted != '\0' && (str_eq(wanted, id) || str_ieq(wanted, address)))
            return true;
    }
    return false;
}

char *people_mark_refused(struct ctx *cx, const struct convert_env *env, const char *text,
    const cJSON *request)
{
    struct comp *calendar, *event;
    size_t at = 0;
    if (lines_parse(cx, text, strlen(text), &calendar) != ERR_OK)
        return NULL;
    while ((event = comp_next_sub(calendar, "VEVENT", &at)) != NULL) {
        for (size_t i = 0; i < event->items.n; i++) {
            const struct line *line = event->items.items[i].line;
            if (line != NULL && str_eq(line->name, "ATTENDEE") &&
                is_meant(cx, env, line, request))
                event->items.items[i].line =
                    with_param(cx, line, "SCHEDULE-STATUS", STATUS_NOBODY);
        }
    }
    return lines_text(cx, calendar);
}
