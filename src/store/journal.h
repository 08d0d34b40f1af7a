/* What is noted of writes: those under way, and creates whose clients were not told how
 * they ended. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store/store.h"

struct journal {
    int64_t id, account_id, calendar_id;
    const char *key;  /* idempotency key, 36 characters */
    const char *name; /* object */
    const char *plan; /* JSON: steps and what is done of them */
    int64_t created_s;
};
/* On disk after store_settle: the disk writes while the call is made ready. */
enum err store_journal_save(struct ctx *cx, struct store *store, struct journal *one);
enum err store_journal_remove(struct ctx *cx, struct store *store, int64_t id);
enum err store_journals(
    struct ctx *cx, struct store *store, struct journal **list, size_t *n);

/* ---- creates whose clients were not told how they ended ---- */
enum err store_unanswered_set(struct ctx *cx, struct store_tx *tx, int64_t calendar_id,
    const char *name, const unsigned char digest[SHA256_BYTES]);
/* True when there is one of that name and digest. */
enum err store_unanswered(struct ctx *cx, struct store *store, int64_t calendar_id,
    const char *name, const unsigned char digest[SHA256_BYTES], bool *found);
enum err store_unanswered_remove(
    struct ctx *cx, struct store_tx *tx, int64_t calendar_id, const char *name);

#endif
