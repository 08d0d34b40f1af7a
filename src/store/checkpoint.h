/* Copying the log of writes (WAL) into the database file. */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include "store/store.h"

/* Between the two a thread copies the log every eight megabytes; otherwise the write that
 * fills them does. Closing the store stops it too. Errors: STORE. */
enum err store_copier_start(struct ctx *cx, struct store *store);
void store_copier_stop(struct store *store);
/* What was wrong when it last copied, OK without one: nothing is lost then, but the log
 * grows, and is tried again every eight megabytes. Errors: STORE. */
enum err store_copier_check(struct ctx *cx, struct store *store);
/* Copies now what is in the log, to see whether that can be done. Errors: STORE. */
enum err store_copy(struct ctx *cx, struct store *store);

#endif
