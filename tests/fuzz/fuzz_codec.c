/* Text forms of bytes, UTF-8, sealed values. */
#include "base/codec.h"

#include "base/crypto.h"
#include "base/str.h"
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char key[SEAL_KEY_BYTES] = "a key";
    struct ctx *cx = ctx_new(NULL);
    const char *text = arena_strndup(cx->arena, (const char *)data, size);
    unsigned char *bytes;
    size_t n;
    char *plain, *sealed;

    base64_decode(cx->arena, text, &bytes, &n);
    FUZZ_CHECK(
        base64_decode(cx->arena, base64url_encode(cx->arena, data, size), &bytes, &n));
    FUZZ_CHECK(n == size && (!size || memcmp(bytes, data, size) == 0));
    FUZZ_CHECK(
        base64_decode(cx->arena, base64_encode(cx->arena, data, size), &bytes, &n));
    FUZZ_CHECK(n == size && (!size || memcmp(bytes, data, size) == 0));

    if (utf8_valid((const char *)data, size))
        FUZZ_CHECK(utf8_length(text) <= strlen(text));
    struct buf xml = buf_new(cx->arena);
    buf_add_xml(&xml, text);
    FUZZ_CHECK(!strpbrk(buf_str(&xml), "<>\"'\r\x01\x1f"));

    FUZZ_CHECK(crypto_open(cx, key, "p", text, &plain) != ERR_OK);
    FUZZ_CHECK(crypto_seal(cx, key, "p", text, &sealed) == ERR_OK);
    FUZZ_CHECK(crypto_open(cx, key, "p", sealed, &plain) == ERR_OK);
    FUZZ_CHECK(str_eq(plain, text));
    ctx_free(cx);
    return 0;
}
