/* Paths, hrefs and forms as a client sends them. */
#include "base/url.h"

#include "fuzz.h"

#include <string.h>

/* What was read is safe, and reads back the same after it was written. */
static void check_path(struct ctx *cx, const struct path *path)
{
    struct buf buf = buf_new(NULL);
    struct path again;
    buf_addc(&buf, '/');
    for (size_t i = 0; i < path->n; i++) {
        const char *segment = path->segments[i];
        FUZZ_CHECK(*segment && !strchr(segment, '/'));
        FUZZ_CHECK(!str_eq(segment, ".") && !str_eq(segment, ".."));
        FUZZ_CHECK(utf8_valid(segment, strlen(segment)));
        url_add_segment(&buf, segment);
        if (i + 1 < path->n || path->slash)
            buf_addc(&buf, '/');
    }
    /* Raw bytes may grow threefold when they are written. */
    if (buf.len_bytes <= URL_MAX_BYTES) {
        FUZZ_CHECK(path_parse(cx, buf.data, &again) == ERR_OK);
        FUZZ_CHECK(again.n == path->n && again.slash == path->slash);
        for (size_t i = 0; i < path->n; i++)
            FUZZ_CHECK(str_eq(again.segments[i], path->segments[i]));
    }
    buf_free(&buf);
}

static void check_form(struct ctx *cx, const char *text)
{
    static const char *const names[] = {"code", "state", "a", ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *value = url_form_value(cx->arena, text, names[i]);
        if (!value)
            continue;
        struct buf form = buf_new(cx->arena);
        url_add_query(&form, names[i]);
        buf_addc(&form, '=');
        url_add_query(&form, value);
        FUZZ_CHECK(str_eq(url_form_value(cx->arena, buf_str(&form), names[i]), value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx *cx = ctx_new(NULL);
    const char *text = arena_strndup(cx->arena, (const char *)data, size);
    struct path path;
    if (path_parse(cx, text, &path) == ERR_OK)
        check_path(cx, &path);
    if (href_parse(cx, text, &path) == ERR_OK)
        check_path(cx, &path);
    check_form(cx, text);
    url_decode(cx->arena, (const char *)data, size, false);
    ctx_free(cx);
    return 0;
}
