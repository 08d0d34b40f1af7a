/*
 * Files that hang on an event in Feishu (feishu-api 5.2), as ATTACH lines that lead to
 * the event in Feishu, where whoever may see the file opens it: the token by which the
 * API names a file, and any other address or credential that comes with it, is never
 * shown. FILENAME, FMTTYPE and SIZE are those of RFC 8607 section 4.
 *
 * They are Feishu's alone: a client that changes or leaves out such a line writes
 * nothing, and gets it again. Every other ATTACH is the client's own.
 */
#ifndef BRIDGE_FIELD_ATTACH_H
#define BRIDGE_FIELD_ATTACH_H

#include "bridge/field.h"

#define ATTACHMENTS_MAX 100

/* The fact: [{"uri", "id", "name", "size"}]; id is a digest, at the end of the uri. */
enum err read_attachments(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
void patch_attachments(
    struct ctx *cx, const struct scene *scene, const cJSON *facts);

#endif
