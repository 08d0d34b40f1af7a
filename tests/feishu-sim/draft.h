/* The writable fields of a create or patch body, checked before anything is changed. */
#ifndef SIM_DRAFT_H
#define SIM_DRAFT_H

#include "api.h"

/* Each has_ tells that the body carries the field; a NULL text then clears it. */
struct draft {
    bool has_times, has_rule, has_location, has_vchat, has_settings, has_reminders,
        has_color;
    bool has_schemas, has_attachments, has_check_in;
    struct when start, end;
    char *rule, *location, *vchat, *settings, *reminders, *schemas, *attachments,
        *check_in;
    bool vchat_open;
    int color;
    const char *visibility, *attendee_ability, *free_busy_status;
    const char *summary, *description, *description_rich, *source; /* of the body */
};

/* Reads the body for an event (old: NULL when it is to be created). 0 or the error's
 * code. */
int draft_read(const struct request *rq, struct reply *rp, const struct event *old,
    struct draft *out);
void draft_free(struct draft *d);
/* Fields beyond those which a participant may set? */
bool draft_is_beyond_own(const struct draft *d);
/* What only the caller sees. */
void draft_apply_own(
    const struct draft *d, struct event *ev, struct person *who, bool create);
/* What everybody sees. */
void draft_apply_shared(struct draft *d, struct event *ev);
/* Would it change when the event takes place? */
bool draft_moves(const struct draft *d, const struct event *ev);

#endif
