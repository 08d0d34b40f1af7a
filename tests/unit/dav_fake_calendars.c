/* Calendars and their properties, and pushes. */
#include "dav_fake_internal.h"

enum err be_calendars(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    struct be_calendar **list, size_t *n)
{
    (void)cx, (void)user;
    *list = bridge->calendars;
    *n = bridge->n_calendars;
    return ERR_OK;
}

enum err be_calendar(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const char *name, struct be_calendar *calendar)
{
    (void)user;
    for (size_t i = 0; i < bridge->n_calendars; i++)
        if (strcmp(bridge->calendars[i].name, name) == 0) {
            *calendar = bridge->calendars[i];
            return ERR_OK;
        }
    return fail(cx, ERR_NOT_FOUND, "no such calendar");
}

enum err be_calendars_gone(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, int64_t since, struct be_gone **list, size_t *n)
{
    struct be_calendar unused;
    struct be_gone *found = ARENA_ARRAY(cx->arena, struct be_gone, bridge->gone.n + 1);
    size_t count = 0;
    if (since < bridge->home_floor)
        return fail(cx, ERR_VALID_SYNC_TOKEN, "too old");
    for (size_t i = 0; i < bridge->gone.n; i++) {
        if (bridge->gone.items[i].change <= since)
            continue;
        found[count] = bridge->gone.items[i];
        found[count].again =
            be_calendar(cx, bridge, user, found[count].name, &unused) == ERR_OK;
        count++;
    }
    *list = found;
    *n = count;
    return ERR_OK;
}

const char *be_epoch(struct bridge *bridge)
{
    (void)bridge;
    return FAKE_EPOCH;
}

enum err be_calendar_create(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const char *name, const struct be_calendar_set *set)
{
    (void)user;
    TRY(fake_next_err(cx, bridge));
    assert_true(bridge->n_calendars < FAKE_MAX_CALENDARS);
    struct be_calendar *made = &bridge->calendars[bridge->n_calendars++];
    *made = (struct be_calendar){.id = 1000 + bridge->counter,
        .name = fake_copy(bridge, name, NULL),
        .display_name = fake_copy(bridge, set->display_name, "?"),
        .description = fake_copy(bridge, set->description, NULL),
        .color = fake_copy(bridge, set->color, NULL), .role = BE_OWNER,
        .change = ++bridge->counter, .born = bridge->counter};
    bridge->users[0].home_change = bridge->counter;
    return ERR_OK;
}

enum err be_calendar_update(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar,
    const struct be_calendar_set *set)
{
    (void)user;
    TRY(fake_next_err(cx, bridge));
    for (size_t i = 0; i < bridge->n_calendars; i++) {
        struct be_calendar *one = &bridge->calendars[i];
        if (one->id != calendar->id)
            continue;
        one->display_name = fake_copy(bridge, set->display_name, one->display_name);
        one->description = fake_copy(bridge, set->description, one->description);
        one->color = fake_copy(bridge, set->color, one->color);
        fake_touch(bridge, one->id);
    }
    return ERR_OK;
}

enum err be_calendar_delete(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar)
{
    (void)user;
    TRY(fake_next_err(cx, bridge));
    if (calendar->primary)
        return fail(cx, ERR_DEFAULT_CALENDAR, "this is the default calendar");
    struct be_gone gone = {
        .name = fake_copy(bridge, calendar->name, NULL), .change = ++bridge->counter};
    LIST_ADD(bridge->arena, &bridge->gone, gone);
    for (size_t i = 0; i < bridge->n_calendars; i++)
        if (bridge->calendars[i].id == calendar->id)
            bridge->calendars[i] = bridge->calendars[--bridge->n_calendars];
    for (size_t i = 0; i < bridge->objects.n; i++)
        if (bridge->objects.items[i].calendar_id == calendar->id)
            bridge->objects.items[i].calendar_id = 0;
    bridge->users[0].home_change = bridge->counter;
    return ERR_OK;
}

/* "home 1", "calendar 1", "calendar 1 one.ics" */
static const char *place_text(struct arena *arena, const struct be_place *place)
{
    if (!place->calendar)
        return arena_printf(arena, "home %lld", (long long)place->user->id);
    return arena_printf(arena, "calendar %lld%s%s", (long long)place->calendar->id,
        place->object ? " " : "", place->object ? place->object : "");
}

enum err be_properties(struct ctx *cx, struct bridge *bridge,
    const struct be_place *place, struct be_property **list, size_t *n)
{
    struct be_property *all =
        ARENA_ARRAY(cx->arena, struct be_property, bridge->properties.n + 1);
    const char *where = place_text(cx->arena, place);
    size_t count = 0;
    bridge->n_properties++;
    for (size_t i = 0; i < bridge->properties.n; i++)
        if (bridge->properties.items[i].xml &&
            strcmp(bridge->property_places.items[i], where) == 0)
            all[count++] = bridge->properties.items[i];
    *list = all;
    *n = count;
    return ERR_OK;
}

enum err be_properties_set(struct ctx *cx, struct bridge *bridge,
    const struct be_place *place, const struct be_property *list, size_t n)
{
    const char *where = place_text(bridge->arena, place);
    TRY(fake_next_err(cx, bridge));
    for (size_t k = 0; k < n; k++) {
        struct be_property fresh = {.ns = fake_copy(bridge, list[k].ns, NULL),
            .name = fake_copy(bridge, list[k].name, NULL),
            .xml = fake_copy(bridge, list[k].xml, NULL)};
        for (size_t i = 0; i < bridge->properties.n; i++)
            if (strcmp(bridge->property_places.items[i], where) == 0 &&
                strcmp(bridge->properties.items[i].ns, fresh.ns) == 0 &&
                strcmp(bridge->properties.items[i].name, fresh.name) == 0)
                bridge->properties.items[i].xml = NULL;
        LIST_ADD(bridge->arena, &bridge->properties, fresh);
        LIST_ADD(bridge->arena, &bridge->property_places, where);
    }
    return ERR_OK;
}

enum err be_objects_have_properties(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, bool *any)
{
    char *start = arena_printf(cx->arena, "calendar %lld ", (long long)calendar->id);
    *any = false;
    for (size_t i = 0; i < bridge->properties.n; i++)
        *any |= bridge->properties.items[i].xml &&
            str_starts(bridge->property_places.items[i], start);
    return ERR_OK;
}

void fake_properties_move(struct bridge *bridge, const struct be_place *from,
    const struct be_place *to, bool copy)
{
    const char *source = place_text(bridge->arena, from);
    const char *target = to ? place_text(bridge->arena, to) : "";
    for (size_t i = 0, n = bridge->properties.n; i < n; i++) {
        struct be_property *one = &bridge->properties.items[i];
        const char *where = bridge->property_places.items[i];
        if (strcmp(where, target) == 0)
            one->xml = NULL;
    }
    for (size_t i = 0, n = bridge->properties.n; i < n; i++) {
        struct be_property one = bridge->properties.items[i];
        if (!one.xml || strcmp(bridge->property_places.items[i], source) != 0)
            continue;
        if (!copy)
            bridge->properties.items[i].xml = NULL;
        if (to) {
            LIST_ADD(bridge->arena, &bridge->properties, one);
            LIST_ADD(bridge->arena, &bridge->property_places, target);
        }
    }
}

/* ---- pushes ---- */

enum err be_push_register(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar, struct be_push *push,
    const char **name)
{
    (void)user;
    TRY(fake_next_err(cx, bridge));
    if (!str_starts(push->resource, "https://"))
        return fail(cx, ERR_PUSH_SUBSCRIPTION, "not https");
    bridge->push = *push;
    bridge->push.resource = fake_copy(bridge, push->resource, NULL);
    bridge->push.public_key = fake_copy(bridge, push->public_key, NULL);
    bridge->push_calendar_id = calendar ? calendar->id : 0;
    push->expires_s = push->expires_s ? push->expires_s : 1800000000;
    *name = "registration-1";
    return ERR_OK;
}

enum err be_push_remove(
    struct ctx *cx, struct bridge *bridge, const struct be_user *user, const char *name)
{
    (void)user;
    if (!bridge->push.resource || strcmp(name, "registration-1") != 0)
        return fail(cx, ERR_NOT_FOUND, "no such registration");
    bridge->push.resource = NULL;
    return ERR_OK;
}

const char *be_push_key(struct bridge *bridge)
{
    (void)bridge;
    return "SERVERKEY";
}

char *be_push_topic(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar)
{
    (void)bridge, (void)user;
    return arena_printf(cx->arena, "topic-%s", calendar ? calendar->name : "home");
}

struct be_hushed {
    struct be_hush hush;
};

enum err be_hush_begin(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_hush *hush, struct be_hushed **hushed)
{
    (void)user;
    *hushed = ARENA_NEW(cx->arena, struct be_hushed);
    (*hushed)->hush = *hush;
    bridge->hushed = hush->all ? "*" : "";
    for (size_t i = 0; i < hush->n; i++)
        bridge->hushed =
            arena_printf(bridge->arena, "%s%s ", bridge->hushed, hush->names[i]);
    bridge->hush_objects = NULL;
    return ERR_OK;
}

void be_hush_end(struct ctx *cx, struct bridge *bridge, struct be_hushed *hushed,
    const char *const *objects, size_t n_objects)
{
    (void)cx, (void)hushed;
    bridge->hush_objects = "";
    for (size_t i = 0; i < n_objects; i++)
        bridge->hush_objects =
            arena_printf(bridge->arena, "%s%s ", bridge->hush_objects, objects[i]);
}
