/* Schedule-Tag (RFC 6638 3.2.10): what of a text concerns the others. */
#include "bridge/convert.h"
#include "ical/lines.h"

#include "base/codec.h"
#include "base/crypto.h"

#include <string.h>

static const char *const untagged[] = {"DTSTAMP", "LAST-MODIFIED", "CREATED"};
static const char *const attendee_params[] = {"CN", "CUTYPE", "ROLE"};

static bool is_in(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(name, names[i]))
            return true;
    }
    return false;
}

static void tag_line(const struct line *line, struct buf *out)
{
    bool person = str_eq(line->name, "ATTENDEE");
    buf_adds(out, line->name);
    for (size_t i = 0; i < line->n_params; i++) {
        const struct line_param *param = &line->params[i];
        if (!person || is_in(param->name, attendee_params, 3))
            buf_printf(out, ";%s=%s", param->name, param->value);
    }
    buf_printf(out, ":%s\n", line->value);
}

char *convert_schedule_tag(struct ctx *cx, const char *text)
{
    struct comp *calendar, *event;
    if (lines_parse(cx, text, strlen(text), &calendar) != ERR_OK)
        return NULL;
    struct buf out = buf_new(cx->arena);
    bool scheduled = false;
    size_t at = 0;
    while ((event = comp_next_sub(calendar, "VEVENT", &at)) != NULL) {
        scheduled = scheduled || comp_line(event, "ORGANIZER") != NULL;
        for (size_t i = 0; i < event->items.n; i++) {
            const struct line *line = event->items.items[i].line;
            if (line != NULL && !is_in(line->name, untagged, 3))
                tag_line(line, &out);
        }
    }
    if (!scheduled)
        return NULL;
    unsigned char digest[SHA256_BYTES];
    crypto_sha256(buf_str(&out), out.len_bytes, digest);
    return hex_encode(cx->arena, digest, 16);
}
