#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "event.h"
#include "feed.h"

struct world W;

static void person_free(void *p)
{
    struct person *who = p;

    for (size_t i = 0; i < who->member_list.n; i++) {
        struct member *m = who->member_list.p[i];

        free(m->alias);
        free(m);
    }
    vec_free(&who->member_list, NULL);
    map_free(&who->members, NULL);
    free(who->open_id);
    free(who->union_id);
    free(who->user_id);
    free(who->name);
    free(who->en_name);
    free(who->email);
    free(who->enterprise_email);
    free(who->mobile);
    free(who);
}

static void calendar_free(void *p)
{
    struct calendar *cal = p;

    vec_free(&cal->acls, free);
    vec_free(&cal->entries, free);
    vec_free(&cal->subscribers, NULL);
    vec_free(&cal->acl_subscribers, NULL);
    map_free(&cal->idempotency, NULL);
    free(cal->id);
    free(cal->summary);
    free(cal->description);
    free(cal);
}

static void room_free(void *p)
{
    struct room *room = p;

    vec_free(&room->bookings, NULL);
    free(room->id);
    free(room->name);
    free(room->description);
    free(room->display_id);
    free(room->custom_id);
    free(room->level_id);
    free(room);
}

static void chat_free(void *p)
{
    struct chat *chat = p;

    vec_free(&chat->members, NULL);
    free(chat->id);
    free(chat->name);
    free(chat);
}

static void file_free(void *p)
{
    struct file *file = p;

    free(file->token);
    free(file->name);
    free(file);
}

static void one_event_free(void *p)
{
    event_free(p);
}

void world_reset(void)
{
    map_free(&W.events_by_id, one_event_free);
    vec_free(&W.events, NULL);
    vec_free(&W.people, person_free);
    vec_free(&W.calendars, calendar_free);
    vec_free(&W.rooms, room_free);
    vec_free(&W.chats, chat_free);
    vec_free(&W.files, file_free);
    vec_free(&W.timeoffs, free);
    vec_free(&W.bindings, free);
    vec_free(&W.pending_rooms, NULL);
    vec_free(&W.notifications, free);
    vec_free(&W.redirect_uris, free);
    vec_free(&W.scopes, free);
    map_free(&W.people_by_id, NULL);
    map_free(&W.rooms_by_id, NULL);
    map_free(&W.chats_by_id, NULL);
    map_free(&W.calendars_by_id, NULL);
    map_free(&W.calendar_keys, NULL);
    free(W.tenant_key);
    free(W.tenant_name);
    free(W.app_id);
    free(W.app_secret);
    free(W.app_name);
    W = (struct world){0};
}

static void also_known_as(struct person *who, const char *key)
{
    if (key && *key && !map_get(&W.people_by_id, key))
        map_put(&W.people_by_id, key, who);
}

struct person *person_add(struct person *fields)
{
    struct person *who = xcalloc(1, sizeof *who);

    *who = *fields;
    vec_add(&W.people, who);
    also_known_as(who, who->open_id);
    also_known_as(who, who->union_id);
    also_known_as(who, who->user_id);
    also_known_as(who, who->email);
    also_known_as(who, who->enterprise_email);
    also_known_as(who, who->mobile);
    also_known_as(who, who->name);
    also_known_as(who, who->en_name);
    return who;
}

struct person *person_find(const char *any)
{
    return any ? map_get(&W.people_by_id, any) : NULL;
}

struct calendar *calendar_add(struct person *owner, const char *type, const char *id)
{
    struct calendar *cal = xcalloc(1, sizeof *cal);
    char code[23];

    random_text(code, 22);
    random_digits(cal->number, 19);
    cal->id = id ? xstrdup(id) : xfmt("feishu.cn_%s@group.calendar.feishu.cn", code);
    cal->summary = xstrdup("");
    cal->description = xstrdup("");
    cal->permissions = "show_only_free_busy";
    cal->type = type;
    cal->color = -14513409;
    cal->owner = owner;
    cal->version = 1;
    vec_add(&W.calendars, cal);
    map_put(&W.calendars_by_id, cal->id, cal);
    map_put(&W.calendars_by_id, cal->id, cal);
    if (owner) {
        acl_add(cal, owner, ROLE_OWNER);
        member_join(owner, cal);
    }
    return cal;
}

enum role calendar_role(const struct calendar *cal, const struct person *who)
{
    enum role role = ROLE_NONE;

    if (strcmp(cal->permissions, "public") == 0)
        role = ROLE_READER;
    else if (strcmp(cal->permissions, "show_only_free_busy") == 0)
        role = ROLE_FREE_BUSY;
    for (size_t i = 0; i < cal->acls.n; i++) {
        const struct acl *acl = cal->acls.p[i];

        if (acl->who == who && acl->role > role)
            role = acl->role;
    }
    return role;
}

struct member *member_of(const struct person *who, const struct calendar *cal)
{
    return map_get(&who->members, cal->id);
}

void member_touch(struct member *m)
{
    m->version = ++m->who->list_version;
    feed_calendar_list(m->who);
}

struct member *member_join(struct person *who, struct calendar *cal)
{
    struct member *m = member_of(who, cal);

    if (!m) {
        m = xcalloc(1, sizeof *m);
        *m = (struct member){.who = who, .cal = cal, .color = cal->color};
        m->alias = xstrdup("");
        map_put(&who->members, cal->id, m);
        vec_add(&who->member_list, m);
    }
    m->gone = false;
    member_touch(m);
    return m;
}

void member_leave(struct person *who, struct calendar *cal)
{
    struct member *m = member_of(who, cal);

    if (!m || m->gone)
        return;
    m->gone = true;
    member_touch(m);
}

void calendar_touch(struct calendar *cal)
{
    for (size_t i = 0; i < W.people.n; i++) {
        struct member *m = member_of(W.people.p[i], cal);

        if (m && !m->gone)
            member_touch(m);
    }
}

struct acl *acl_find(struct calendar *cal, const struct person *who)
{
    for (size_t i = 0; i < cal->acls.n; i++) {
        struct acl *acl = cal->acls.p[i];

        if (acl->who == who)
            return acl;
    }
    return NULL;
}

struct acl *acl_add(struct calendar *cal, struct person *who, enum role role)
{
    struct acl *acl = xcalloc(1, sizeof *acl);
    char digits[20];

    random_digits(digits, 19);
    snprintf(acl->id, sizeof acl->id, "user_%s", digits);
    acl->who = who;
    acl->role = role;
    vec_add(&cal->acls, acl);
    return acl;
}

/* Whoever loses every access loses the calendar from the list as well. */
void acl_drop(struct calendar *cal, struct acl *acl)
{
    struct person *who = acl->who;
    struct member *m = member_of(who, cal);

    for (size_t i = 0; i < cal->acls.n; i++)
        if (cal->acls.p[i] == acl) {
            vec_drop(&cal->acls, i);
            break;
        }
    free(acl);
    if (calendar_role(cal, who) == ROLE_NONE)
        member_leave(who, cal);
    else if (m && !m->gone)
        member_touch(m);
}

static const char *const ROLES[] = {
    [ROLE_NONE] = "unknown",
    [ROLE_FREE_BUSY] = "free_busy_reader",
    [ROLE_READER] = "reader",
    [ROLE_WRITER] = "writer",
    [ROLE_OWNER] = "owner",
};

const char *role_name(enum role role)
{
    return ROLES[role];
}

bool role_of(const char *name, enum role *out)
{
    for (size_t i = 0; name && i < sizeof ROLES / sizeof ROLES[0]; i++)
        if (strcmp(ROLES[i], name) == 0) {
            *out = (enum role)i;
            return true;
        }
    return false;
}

struct room *room_add(struct room *fields)
{
    struct room *room = xcalloc(1, sizeof *room);

    *room = *fields;
    vec_add(&W.rooms, room);
    map_put(&W.rooms_by_id, room->id, room);
    return room;
}

struct chat *chat_add(const char *id, const char *name)
{
    struct chat *chat = xcalloc(1, sizeof *chat);

    chat->id = xstrdup(id);
    chat->name = xstrdup(name);
    vec_add(&W.chats, chat);
    map_put(&W.chats_by_id, chat->id, chat);
    return chat;
}
