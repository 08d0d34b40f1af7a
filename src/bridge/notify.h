/* What the files of the notifier share. */
#ifndef BRIDGE_NOTIFY_H
#define BRIDGE_NOTIFY_H

#include "bridge/bridge_internal.h"

/* Under which the secrets of subscribers are sealed. */
#define NOTIFY_SECRET "push.auth"

/* Names a place in messages; calendar_id 0 = the home. */
char *notify_topic(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, int64_t calendar_id);
/* A digest of what the properties of a place are. */
enum err notify_state(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    int64_t calendar_id, const char **state);

/* Subscriptions that are told nothing until they are released. NULL is no notifier. */
void notify_hold(struct notifier *notifier, const int64_t *ids, size_t n);
void notify_release(struct notifier *notifier, const int64_t *ids, size_t n);

#endif
