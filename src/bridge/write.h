/*
 * One write of a client's, as push.c, transfer.c and move.c share it: opened, looked at
 * under the calendar's lock, planned and executed.
 */
#ifndef BRIDGE_WRITE_H
#define BRIDGE_WRITE_H

#include "bridge/push.h"

struct write {
    struct bridge *bridge;
    const struct be_expect *expect;
    const struct account *account;
    const struct calendar *calendar;
    struct convert_env env;
    struct push push;
    struct object object; /* as it was served when the client asked */
    bool have;
    struct split split; /* of a PUT: what the text becomes */
    bool quiet;  /* tells nobody */
    bool revive; /* it is there, but hidden: a participant had deleted it */
    /* For push: see there. */
    struct object_place from;
    int64_t move;
};

/* Errors: NEED_PRIVILEGES, UPSTREAM_APP, UPSTREAM_SIGN_IN. */
enum err write_check_rights(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar);
/* Of write, bridge, expect, quiet, from and move are set. */
void write_open(struct ctx *cx, struct write *write, const struct be_user *user,
    const struct be_calendar *calendar, const char *name);
/* What is unfinished of its name, and of the UID where that is not NULL: see
 * journal_finish_object. */
enum err write_finish_before(struct ctx *cx, struct write *write, const char *uid);
/* The object, with its shadow, and the rows behind it. The lock is held. */
enum err write_load(struct ctx *cx, struct write *write);
/* The name of an invitation that was declined: revive says whether it is. */
enum err write_load_hidden(struct ctx *cx, struct write *write);
/* PRECONDITION: another object is there than a strict expectation says. */
enum err write_check_expectation(struct ctx *cx, const struct write *write);
void write_result(const struct write *write, const struct object *object,
    const char *text, struct be_put_result *result);
/* Take the lock, and do all of it. */
enum err write_put(struct ctx *cx, struct write *write, const struct be_user *user,
    const struct be_put *put, struct be_put_result *result);
enum err write_delete(struct ctx *cx, struct write *write, const struct be_user *user,
    const struct be_calendar *calendar, const char *name, bool reply);

#endif
