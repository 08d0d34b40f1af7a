/* Who a calendar user address is upstream, and the other way round. */
#ifndef BRIDGE_PEOPLE_H
#define BRIDGE_PEOPLE_H

#include "bridge/field.h"

#define PEOPLE_DOMAIN "feishu.invalid"

/* Kinds of attendee: prefix of the id, CUTYPE, and the member that names it upstream. */
struct people_kind {
    const char *type, *prefix, *cutype, *member;
};
extern const struct people_kind people_kinds[];
extern const size_t n_people_kinds;

/* PARTSTAT (RFC 5545 3.2.12) <-> rsvp_status; what the other side does not know is no
 * answer. */
const char *people_rsvp(const char *partstat);
const char *people_partstat(const char *rsvp);

/* A line's calendar user address without "mailto:"; other schemes stay, to be told from
 * mail. */
const char *people_line_address(struct ctx *cx, const struct line *line);
/* False for what is no e-mail address, such as "urn:uuid:..." or "invalid:nomail". */
bool people_can_invite(const char *address);
/* Without blanks and control characters, which no line can hold in an address. */
const char *people_mended(struct ctx *cx, const char *address);
/* The address of a person, group or room that upstream knows by id. */
const char *people_address(struct ctx *cx, const struct convert_env *env, const char *id);
/* The id behind an address: own, made up, or by the directory. NULL = unknown. */
const char *people_id(struct ctx *cx, const struct convert_env *env, const char *address);
bool people_is_self(struct ctx *cx, const struct convert_env *env, const char *address);
/* The caller's own entry of a fact's list, NULL when there is none. */
const cJSON *people_self(const cJSON *people);
/* A fact's list made ready to be searched: lists hold up to thousands. Entries without
 * an "id" of upstream's get that of their address where ids are wanted. */
struct people_index;
struct people_index *people_index(
    struct ctx *cx, const struct convert_env *env, const cJSON *people, bool ids);
/* The first entry with that address or id (NULL = unknown); NULL when there is none. */
const cJSON *people_find(
    const struct people_index *index, const char *address, const char *id);
/* {"type", "user_id"|...} for a request; NULL for an address that cannot be invited. */
cJSON *people_request(struct ctx *cx, const struct convert_env *env, const cJSON *person);

#endif
