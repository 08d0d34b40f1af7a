/* Files: whole reads, atomic private writes, directories. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/ctx.h"

#include <stdbool.h>
#include <stddef.h>

/* Errors: NOT_FOUND, TOO_LARGE, IO; the text names the file. The data has a NUL behind
 * it. */
enum err file_read(struct ctx *cx, const char *path, size_t max_bytes, char **data,
    size_t *len_bytes);
/* All of a descriptor, such as standard input. */
enum err file_read_fd(struct ctx *cx, int fd, size_t max_bytes, char **data,
    size_t *len_bytes);
/* Mode 0600, written beside, synced, renamed, directory synced. */
enum err file_write_private(struct ctx *cx, const char *path, const void *data,
    size_t len_bytes);
/* Makes the directory and its parents, mode 0700. */
enum err dir_make_private(struct ctx *cx, const char *path);
char *path_dirname(struct arena *arena, const char *path);

#endif
