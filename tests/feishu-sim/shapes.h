/* The shapes of queries (Q_) and bodies (B_), one table a method or family of methods. */
#ifndef SIM_SHAPES_H
#define SIM_SHAPES_H

#include "check.h"

extern const struct field Q_LIST_50[];
extern const struct field Q_PAGE_10_50[];
extern const struct field Q_PAGE_10_100[];
extern const struct field Q_PAGE_1_50[];
extern const struct field Q_PAGE_1_100[];
extern const struct field Q_PAGE_1_200[];
extern const struct field Q_ATTENDEES[];
extern const struct field Q_EVENT_GET[];
extern const struct field Q_EVENT_CREATE[];
extern const struct field Q_EVENT_DELETE[];
extern const struct field Q_INSTANCES[];
extern const struct field Q_VIEW[];
extern const struct field Q_CHAT[];
extern const struct field Q_USER_IDS[];
extern const struct field Q_ROOM_IDS[];
extern const struct field B_NOTHING[];
extern const struct field B_ACL[];
extern const struct field B_CALENDAR_CREATE[];
extern const struct field B_CALENDAR_PATCH[];
extern const struct field B_CALENDAR_IDS[];
extern const struct field B_USER_IDS[];
extern const struct field B_SEARCH_CALENDAR[];
extern const struct field B_EVENT_CREATE[];
extern const struct field B_EVENT_PATCH[];
extern const struct field B_EVENT_SEARCH[];
extern const struct field B_REPLY[];
extern const struct field B_ATTENDEES_ADD[];
extern const struct field B_ATTENDEES_DELETE[];
extern const struct field B_FREEBUSY_LIST[];
extern const struct field B_FREEBUSY_BATCH[];
extern const struct field B_TIMEOFF[];
extern const struct field B_CALDAV[];
extern const struct field B_EXCHANGE[];
extern const struct field B_BY_CONTACT[];
extern const struct field B_BASIC[];
extern const struct field B_EMPLOYEES[];
extern const struct field B_ROOMS_SEARCH[];
extern const struct field B_ROOM_IDS[];
extern const struct field B_SUMMARY[];
extern const struct field B_ROOM_REPLY[];

#endif
