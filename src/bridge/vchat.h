/*
 * Meeting links (feishu-api 5.6) as CONFERENCE (RFC 7986 5.11), and as URL for clients
 * that show only that. A client's own URL is no meeting link. CONFERENCE:feishu:meeting
 * asks for a Feishu meeting: its link takes the place of that line.
 */
#ifndef BRIDGE_VCHAT_H
#define BRIDGE_VCHAT_H

#include "bridge/field.h"

#define VCHAT_URL_MAX_CHARS 2000
#define VCHAT_DESCRIPTION_MAX_CHARS 500

#define VCHAT_WANTED "feishu:meeting"

/* The fact: {"conference", "label", "url", "wanted"}, members absent where empty. */
enum err up_vchat(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_vchat(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
bool equal_vchat(const cJSON *a, const cJSON *b);
void patch_vchat(struct ctx *cx, const struct scene *scene, const cJSON *facts);
/* A link that the client asked for becomes a third-party meeting; on create its absence
 * is no_meeting; a removed link leaves the meeting alone. */
enum err write_vchat(struct ctx *cx, const struct field_write *write, cJSON *body);

#endif
