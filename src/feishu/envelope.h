/* Events as Feishu sends them (feishu-api 11.1, 11.2), in neutral form. */
#ifndef FEISHU_ENVELOPE_H
#define FEISHU_ENVELOPE_H

#include "feishu/client.h"

#define ENVELOPE_USERS_MAX 2000
#define EVENT_MEMORY_IDS 8192

enum feishu_event_kind {
    FEISHU_TOLD_OTHER,   /* not for a calendar bridge */
    FEISHU_TOLD_LIST,    /* the calendar lists of the users changed */
    FEISHU_TOLD_EVENTS,  /* something on calendar_id changed */
    FEISHU_TOLD_ACL,     /* an access entry; users = its subscribers and whom it is for */
    FEISHU_TOLD_REVOKED, /* the user took the app's rights back */
};

struct feishu_person {
    const char *open_id, *union_id; /* "" = not said */
};

struct feishu_event {
    enum feishu_event_kind kind;
    const char *type;     /* "calendar.calendar.changed_v4" */
    const char *event_id; /* the same in every repetition */
    const char *app_id, *token;
    int64_t created_ms;      /* 0 = not said */
    const char *calendar_id; /* "" = none */
    struct feishu_person *users;
    size_t n_users;
};

/* Texts live in cx->arena. BAD_REQUEST when it is no envelope of schema 2.0. */
enum err envelope_read(struct ctx *cx, const cJSON *json, struct feishu_event *event);

/* Which events were handled: delivery is at least once. Any thread. */
struct event_memory;
struct event_memory *event_memory_new(void);
void event_memory_free(struct event_memory *memory);
bool event_memory_has(struct event_memory *memory, const char *event_id);
/* The oldest is forgotten for it. */
void event_memory_add(struct event_memory *memory, const char *event_id);

#endif
