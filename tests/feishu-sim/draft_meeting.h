/* The nested parts of an event body: vchat, schemas, attachments, event_check_in. */
#ifndef SIM_DRAFT_MEETING_H
#define SIM_DRAFT_MEETING_H

#include "draft.h"

int meeting_read(
    const struct request *rq, struct reply *rp, const struct event *old, struct draft *d);
int schemas_read(const struct request *rq, struct reply *rp, struct draft *d);
int attachments_read(
    const struct request *rq, struct reply *rp, const struct event *old, struct draft *d);
int check_in_read(const struct request *rq, struct reply *rp, struct draft *d);
/* {"vc_type":"vc","meeting_url":..}; owned by the caller. */
char *meeting_new(void);

#endif
