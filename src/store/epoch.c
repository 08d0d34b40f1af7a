/* The epoch of sync tokens. The commit that ends a journalled write is not waited for, so
 * a power failure may take numbers back that clients have seen; the journal brings the
 * changes again, under numbers that may differ. A store that is opened after a restart of
 * the machine therefore begins a new epoch, unless the program had closed it. */
#include "store/store_internal.h"

#include "base/file.h"

#include <string.h>

#define EPOCH_BYTES 9
#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_MAX_BYTES 128
#define CLOSED "closed"

const char *epoch_boot(struct ctx *cx)
{
    char *text;
    size_t len_bytes;
    if (file_read(cx, BOOT_FILE, BOOT_MAX_BYTES, &text, &len_bytes) == ERR_OK &&
        len_bytes > 0)
        return text;
    /* Never the same: each opening begins a new epoch. */
    return crypto_random_text(cx, EPOCH_BYTES);
}

static enum err settle(struct ctx *cx, struct store *store, const char *boot)
{
    char *epoch, *known;
    TRY(store_setting(cx, store, "epoch", &epoch));
    TRY(store_setting(cx, store, "boot", &known));
    bool lost = known != NULL && strcmp(known, CLOSED) != 0 && strcmp(known, boot) != 0;
    if (epoch == NULL || lost)
        TRY(store_setting_set(
            cx, store, "epoch", crypto_random_text(cx, EPOCH_BYTES)));
    return store_setting_set(cx, store, "boot", boot);
}

enum err epoch_open(struct ctx *cx, struct store *store, const char *boot, char **epoch)
{
    char *known;
    TRY(store_setting(cx, store, "boot", &known));
    if (known == NULL || strcmp(known, boot) != 0) {
        struct scope scope;
        TRY(scope_open(cx, store, &scope));
        TRY(scope_close(cx, &scope, settle(cx, store, boot)));
    }
    return store_setting(cx, store, "epoch", epoch);
}

enum err store_rest(struct ctx *cx, struct store *store)
{
    return store_setting_set(cx, store, "boot", CLOSED);
}
