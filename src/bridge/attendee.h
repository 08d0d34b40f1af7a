/*
 * People (feishu-api 6): ORGANIZER and ATTENDEE against the organizer and the attendee
 * list. Upstream names people by id; an address comes from the directory, or is made up
 * under a domain that can never deliver (RFC 2606).
 */
#ifndef BRIDGE_ATTENDEE_H
#define BRIDGE_ATTENDEE_H

#include "bridge/field.h"

#define ATTENDEES_MAX 3000
#define ATTENDEES_MAX_ADD 1000
#define ROOMS_MAX_ADD 100
#define ATTENDEES_MAX_REMOVE 500

/*
 * The fact: {"organizer": {"address", "name"}, "meeting": bool, "list": [{"address",
 * "name", "type", "id", "rsvp", "optional", "organizer", "self", "silent",
 * "refused"}]}. Absent where upstream did not tell, or the component names nobody.
 * type and id only as read; addresses without "mailto:". "meeting" = there is somebody
 * else.
 */
enum err up_people(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_people(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
/* True when SCHEDULE-STATUS says that nobody was invited by it (RFC 6638 3.2.9). */
bool people_line_is_refused(const struct line *line);
/* The text with SCHEDULE-STATUS on the lines of whom a request of upstream's means: it
 * would not have them. NULL when the text cannot be read. */
char *people_mark_refused(struct ctx *cx, const struct convert_env *env, const char *text,
    const cJSON *request);
/* The same people with the same roles; answers do not count. */
bool equal_people(const cJSON *a, const cJSON *b);
void patch_people(struct ctx *cx, const struct scene *scene, const cJSON *facts);

/* The caller's answer in upstream's words as a row tells it, "" = not known. */
const char *people_own_answer(
    const struct convert_env *env, const struct series_row *row);

#endif
