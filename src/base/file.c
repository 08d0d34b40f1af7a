#include "base/file.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 16384

static enum err fail_errno(struct ctx *cx, const char *path, const char *what)
{
    int number = errno;
    enum err kind = number == ENOENT || number == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    return fail(cx, kind, "%s: cannot %s: %s", path, what, strerror(number));
}

static enum err read_all(struct ctx *cx, int fd, const char *name, size_t max_bytes,
    struct buf *buf)
{
    for (;;) {
        buf_reserve(buf, READ_BYTES);
        ssize_t n = read(fd, buf->data + buf->len_bytes, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(cx, name, "read");
        buf->len_bytes += (size_t)n;
        buf->data[buf->len_bytes] = '\0';
        if (n == 0)
            return ERR_OK;
        if (buf->len_bytes > max_bytes)
            return fail(cx, ERR_TOO_LARGE, "%s: larger than %zu bytes", name, max_bytes);
    }
}

static enum err read_named(struct ctx *cx, int fd, const char *name, size_t max_bytes,
    struct buf *out)
{
    struct buf buf = buf_new(cx->arena);
    struct stat status;
    /* A known size is reserved at once, unless it is too large anyway. */
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= 0 &&
        (uintmax_t)status.st_size <= max_bytes)
        buf_reserve(&buf, (size_t)status.st_size + READ_BYTES);
    TRY(read_all(cx, fd, name, max_bytes, &buf));
    *out = buf;
    return ERR_OK;
}

enum err file_read(struct ctx *cx, const char *path, size_t max_bytes, char **data,
    size_t *len_bytes)
{
    struct buf buf;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail_errno(cx, path, "open");
    enum err err = read_named(cx, fd, path, max_bytes, &buf);
    close(fd);
    TRY(err);
    *data = buf.data;
    *len_bytes = buf.len_bytes;
    return ERR_OK;
}

enum err file_read_fd(struct ctx *cx, int fd, size_t max_bytes, char **data,
    size_t *len_bytes)
{
    struct buf buf;
    const char *name = fd == STDIN_FILENO ? "standard input" : "input";
    TRY(read_named(cx, fd, name, max_bytes, &buf));
    *data = buf.data;
    *len_bytes = buf.len_bytes;
    return ERR_OK;
}

static bool write_all(int fd, const char *data, size_t len_bytes)
{
    while (len_bytes) {
        ssize_t n = write(fd, data, len_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len_bytes -= (size_t)n;
    }
    return true;
}

/* A rename is durable only when its directory is. */
static bool sync_directory(struct ctx *cx, const char *path)
{
    int fd = open(path_dirname(cx->arena, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool synced = fsync(fd) == 0 || errno == EINVAL;
    close(fd);
    return synced;
}

enum err file_write_private(struct ctx *cx, const char *path, const void *data,
    size_t len_bytes)
{
    char *beside = arena_printf(cx->arena, "%s.XXXXXX", path);
    int fd = mkostemp(beside, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return fail_errno(cx, path, "write");
    bool written = write_all(fd, data, len_bytes) && fsync(fd) == 0;
    written = close(fd) == 0 && written;
    if (!written || rename(beside, path) != 0) {
        enum err err = fail_errno(cx, path, "write");
        unlink(beside);
        return err;
    }
    return sync_directory(cx, path) ? ERR_OK : fail_errno(cx, path, "sync");
}

enum err dir_make_private(struct ctx *cx, const char *path)
{
    char *part = arena_strdup(cx->arena, path);
    struct stat status;
    for (char *at = part + 1;; at++) {
        if (*at && *at != '/')
            continue;
        bool last = !*at;
        *at = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return fail_errno(cx, part, "make directory");
        if (last)
            break;
        *at = '/';
    }
    if (stat(path, &status) != 0)
        return fail_errno(cx, path, "use directory");
    if (!S_ISDIR(status.st_mode))
        return fail(cx, ERR_IO, "%s: not a directory", path);
    return ERR_OK;
}

char *path_dirname(struct arena *arena, const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n && path[n - 1] != '/')
        n--;
    if (!n)
        return arena_strdup(arena, ".");
    while (n > 1 && path[n - 1] == '/')
        n--;
    return arena_strndup(arena, path, n);
}
