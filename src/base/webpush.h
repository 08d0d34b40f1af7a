/*
 * What a push service must be given: messages that only the subscriber can read (RFC
 * 8291, in the coding aes128gcm of RFC 8188), and proof of who sends them (VAPID, RFC
 * 8292). Keys are base64url texts: points uncompressed, 65 bytes; private keys 32.
 */
#ifndef BASE_WEBPUSH_H
#define BASE_WEBPUSH_H

#include "base/ctx.h"
#include "base/str.h"

#include <stdbool.h>

#define WEBPUSH_MAX_BYTES 3993 /* RFC 8291 section 4: of a message */

/* A new P-256 key pair. */
void webpush_keys(struct ctx *cx, char **private_key, char **public_key);
/* True for a point on the curve, and for a secret of 16 bytes. */
bool webpush_keys_good(
    struct ctx *cx, const char *subscriber_key, const char *auth_secret);
/* Errors: BAD_REQUEST for keys that are not good, TOO_LARGE. */
enum err webpush_encrypt(struct ctx *cx, const char *subscriber_key,
    const char *auth_secret, const char *message, struct buf *out);
struct webpush_sender {
    const char *private_key, *public_key;
    const char *contact; /* "mailto:..." or "https:...", NULL = none */
};
/* The Authorization header for the origin of a push resource. Error: INTERNAL. */
enum err webpush_authorization(struct ctx *cx, const struct webpush_sender *sender,
    const char *origin, int64_t expires_s, char **header);

#endif
