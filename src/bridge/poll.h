/*
 * When a calendar is looked at although nobody told of a change: numbers alone, no clock,
 * no store, no thread. Rates are those of all accounts of the app together.
 */
#ifndef BRIDGE_POLL_H
#define BRIDGE_POLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A client that asked within that time is at work with the calendar. */
#define POLL_ACTIVE_S 900
/* Share of the calls a minute that polls may use, in percent: the rest is for what people
 * wait for, and for first pulls. */
#define POLL_SHARE_PERCENT 60
/* The list of calendars is looked at so many times less often than a calendar. */
#define POLL_LIST_FACTOR 5
/* What Feishu tells of is looked at so many times less often than what a client asks for.
 */
#define POLL_TOLD_FACTOR 15
/* An access list is read with its calendar, when it is that old. */
#define POLL_SHARES_S 900
#define POLL_SHARES_TOLD_S 86400
/* A calendar that nobody asked for in a week and that has not changed for one: times the
 * interval of one that a client looks at. */
#define POLL_IDLE_FACTOR_MAX 32
/* A dear calendar is looked at so many times less often, at most. */
#define POLL_COST_FACTOR_MAX 8

struct poll_facts {
    int64_t interest_s; /* when a client last asked for it (Unix); 0 = never */
    int64_t changed_s;  /* when a look last found something new; 0 = never */
    int64_t cost;       /* calls of a look of late, in hundredths */
    bool told;          /* Feishu tells of its changes */
};
/* Between two looks, while there is room for all; base_ms is that of a calendar that a
 * client looks at. */
int64_t poll_interval_ms(int64_t base_ms, const struct poll_facts *facts, int64_t now_s);
/* Calls of a look in hundredths, its share of reading access lists included. */
int64_t poll_calls(
    const struct poll_facts *facts, int64_t interval_ms, bool owned, bool shares_told);

/* One thing to look at: a calendar, or (calendar_id 0) an account's list of calendars. */
struct poll {
    int64_t account_id, calendar_id;
    int64_t last_ms; /* when it was looked at (Unix); 0 = never */
    int64_t interval_ms;
    int64_t calls; /* in hundredths */
    bool asleep;   /* not now: it is under way, or its account is backing off */
    bool released; /* out: look now */
};

#define POLL_STRETCH_NONE 1000
/* In thousandths, at least 1000: what all intervals are multiplied with, so that the
 * calls of all polls together stay below so many a minute. */
int64_t poll_stretch(const struct poll *list, size_t n, long calls_per_minute);

/* What may be spent: grows with time, so that also after a pause there is no burst. */
struct poll_purse {
    int64_t credit; /* hundredths of calls */
    int64_t at_ms;  /* monotonic, when it was counted; 0 = never: it is full */
};
void poll_earn(struct poll_purse *purse, long calls_per_minute, int64_t now_ms);
/* Releases what is due, as far as the purse reaches: first what has waited longest in
 * terms of its own interval. now_ms is Unix time. Returns how many. */
size_t poll_release(struct poll *list, size_t n, int64_t stretch, int64_t now_ms,
    struct poll_purse *purse);

#endif
