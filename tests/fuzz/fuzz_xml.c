/* The bodies of WebDAV requests. */
#include "dav/xml.h"

#include "fuzz.h"

#include <string.h>

static void check_same(struct ctx *cx, const struct xml *a, const struct xml *b)
{
    FUZZ_CHECK(!a == !b);
    if (!a)
        return;
    FUZZ_CHECK(str_eq(a->name, b->name) && str_eq(a->ns, b->ns) && a->ns_id == b->ns_id);
    FUZZ_CHECK(a->n_attrs == b->n_attrs);
    FUZZ_CHECK(str_eq(xml_text(cx, a), xml_text(cx, b)));
    const struct xml *one = xml_first(a), *two = xml_first(b);
    for (; one; one = xml_next(one), two = xml_next(two))
        check_same(cx, one, two);
    FUZZ_CHECK(!two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx *cx = ctx_new(NULL);
    struct xml *root, *again;
    enum err err = xml_parse(cx, (const char *)data, size, &root);
    if (err == ERR_OK) {
        const char *text = xml_print(cx, root);
        FUZZ_CHECK(utf8_valid(text, strlen(text)));
        /* What was read can be kept as a dead property and read again. */
        if (xml_parse(cx, text, strlen(text), &again) != ERR_OK) {
            fprintf(stderr, "%s\n%s\n", ctx_error(cx), text);
            abort();
        }
        check_same(cx, root, again);
    } else {
        FUZZ_CHECK(err == ERR_BAD_REQUEST || err == ERR_EXTERNAL_ENTITIES ||
            err == ERR_TOO_LARGE);
    }
    ctx_free(cx);
    return 0;
}
