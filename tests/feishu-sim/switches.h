/* Named choices for every point which the reference leaves open. */
#ifndef SIM_SWITCHES_H
#define SIM_SWITCHES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

enum sw {
    SW_ACL_SUBSCRIBES,
    SW_ACL_TWICE,
    SW_ALLDAY_READ,
    SW_ALLDAY_WRITE,
    SW_ANCHOR_WITH_SYNC,
    SW_APP,
    SW_ATTENDEE_TWICE,
    SW_BAD_TOKEN,
    SW_BOT,
    SW_CLEAR_EMPTY,
    SW_COUNT,
    SW_DELETE_EXCEPTION,
    SW_DELETE_MASTER,
    SW_DELETED_GET,
    SW_DELETED_ITEMS,
    SW_ERROR_LOG_ID,
    SW_FREE_BUSY_READER_LIST,
    SW_FREEBUSY_ALLDAY,
    SW_FREEBUSY_ORDER,
    SW_GEO_FLOAT32,
    SW_LISTS_EMPTY,
    SW_OCCURRENCE_GET,
    SW_OCCURRENCE_UNKNOWN,
    SW_PAGE_SIZE_BELOW_MIN,
    SW_PAGE_TOKEN_WITHOUT_ANCHOR,
    SW_PARTICIPANT_PATCH,
    SW_PRIMARY_ALIAS,
    SW_PUSH_DETAILS,
    SW_PUSH_WINDOW_MS,
    SW_RATE_LIMIT,
    SW_RATE_PER_MINUTE,
    SW_RATE_PER_SECOND,
    SW_RECORD_CALLS,
    SW_REFRESH_TOKENS,
    SW_RESTORE_CANCELLED,
    SW_ROOM_DELAY_MS,
    SW_RRULE_PARTS,
    SW_RRULE_PREFIX,
    SW_SELF_RSVP,
    SW_SERIES_TIME_CHANGE,
    SW_STRINGS_EMPTY,
    SW_SUB_MINUTE,
    SW_SYNC_PAGE_TOKEN,
    SW_SYNC_REMEMBERS_ANCHOR,
    SW_THIRD_PARTY_ATTENDEE,
    SW_TIMED_ALLDAY_PATCH,
    SW_TOKEN_V2,
    SW_TOKEN_V3,
    SW_UNTIL_FORM,
    SW_WRITE_LAG_MS,
    SW_ZERO_LENGTH,
    SW_ZONE_ALIASES,
    SW_ZONE_PATCH,
    N_SWITCHES
};

/* Is the switch in this position? An unknown position aborts: it is a mistake of the
 * code. */
bool sw_is(enum sw which, const char *position);
/* The value of a switch that is a number. */
int64_t sw_number(enum sw which);
void sw_defaults(void);
/* Sets the members of an object; NULL or the complaint (owned by the caller). */
char *sw_set(const cJSON *values);
/* Writes {"name":{"value":..,"default":..,"allowed":[..],"about":..},..}. */
void sw_print(struct buf *out, const char *key);

#endif
