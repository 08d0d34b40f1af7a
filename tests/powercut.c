/*
 * What a power cut would leave of a directory: preloaded (LD_PRELOAD) into the program,
 * it notes every write, truncation, creation and removal below a directory, every sync,
 * and every packet that is sent, in the order in which they happened.
 * tests/plays/powercut.py makes files out of it in which nothing, or only some, of what
 * was not synced is left.
 *
 *   POWERCUT_DIR   the directory; what is not in it is not looked at
 *   POWERCUT_LOG   the notes, outside of it; all processes append to it
 *   POWERCUT_FUSE  the file, when it is there, holds a number that every sync counts
 *                  down; at zero the process is killed instead of syncing
 *   POWERCUT_BOOT  read in place of the kernel's name of this run of the machine
 *
 * A note is a struct note, the path (below the directory; "" = the directory itself), and
 * the bytes: what was written, or the new path of a link or a renaming.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_BYTES 512
#define SENT_MAX_BYTES 4096
#define FUSE_BYTES 16

struct note {
    char kind; /* W write, T truncate, C create, U unlink, L link, R rename, S sync,
                * N sent to the network */
    char pad;
    uint16_t path_bytes;
    uint32_t data_bytes;
    int64_t offset;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Every function that is stood before. */
static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

#define NEXT(name) ((__typeof__(&name))next(#name))

/* The path below the directory; false for files elsewhere. */
static bool inside(const char *path, char out[PATH_BYTES])
{
    const char *dir = getenv("POWERCUT_DIR");
    size_t n = dir ? strlen(dir) : 0;
    if (!n || strncmp(path, dir, n) != 0 || (path[n] != '/' && path[n]))
        return false;
    path += n + (path[n] == '/');
    /* Shared memory is made anew by whoever opens the database next. */
    size_t len = strlen(path);
    if (len >= PATH_BYTES || (len > 4 && strcmp(path + len - 4, "-shm") == 0))
        return false;
    memcpy(out, path, len + 1);
    return true;
}

static bool inside_fd(int fd, char out[PATH_BYTES])
{
    char link[64], path[PATH_BYTES * 2];
    if (!getenv("POWERCUT_DIR"))
        return false;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    if (n <= 0)
        return false;
    path[n] = 0;
    return inside(path, out);
}

static void put(
    char kind, const char *path, int64_t offset, const void *data, size_t bytes)
{
    const char *log = getenv("POWERCUT_LOG");
    struct note note = {
        .kind = kind,
        .path_bytes = (uint16_t)strlen(path),
        .data_bytes = (uint32_t)bytes,
        .offset = offset,
    };
    struct iovec parts[] = {
        {&note, sizeof(note)},
        {(void *)(uintptr_t)path, note.path_bytes},
        {(void *)(uintptr_t)data, bytes},
    };
    if (!log)
        return;
    pthread_mutex_lock(&mutex);
    int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_CREAT;
    long fd = syscall(SYS_openat, AT_FDCWD, log, flags, 0600);
    if (fd < 0 || syscall(SYS_writev, fd, parts, bytes ? 3 : 2) < 0)
        abort();
    syscall(SYS_close, fd);
    pthread_mutex_unlock(&mutex);
}

static void count_down(void)
{
    const char *path = getenv("POWERCUT_FUSE");
    char text[FUSE_BYTES] = "";
    long fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    if (syscall(SYS_pread64, fd, text, sizeof(text) - 1, 0) > 0) {
        long left = strtol(text, NULL, 10);
        if (left == 1)
            kill(getpid(), SIGKILL);
        int n = snprintf(text, sizeof(text), "%06ld", left > 0 ? left - 1 : 0);
        if (syscall(SYS_pwrite64, fd, text, n, 0) != n)
            abort();
    }
    syscall(SYS_close, fd);
}

static void synced(int fd)
{
    char path[PATH_BYTES];
    if (!inside_fd(fd, path))
        return;
    count_down();
    put('S', path, 0, NULL, 0);
}

/* ---- files ---- */

/* O_CREAT on what is there makes nothing. */
static void creates(const char *path, int flags)
{
    char name[PATH_BYTES];
    struct stat st;
    if (!inside(path, name))
        return;
    if ((flags & O_CREAT) && stat(path, &st) != 0)
        put('C', name, 0, NULL, 0);
    else if (flags & O_TRUNC)
        put('T', name, 0, NULL, 0);
}

/* What tells one run of the machine from the next. */
static const char *in_this_run(const char *path)
{
    const char *boot = getenv("POWERCUT_BOOT");
    bool asked = strcmp(path, "/proc/sys/kernel/random/boot_id") == 0;
    return asked && boot ? boot : path;
}

#define MODE_OF(flags, mode)                                                             \
    mode_t mode = 0;                                                                     \
    if ((flags) & O_CREAT) {                                                             \
        va_list args;                                                                    \
        va_start(args, flags);                                                           \
        mode = va_arg(args, mode_t);                                                     \
        va_end(args);                                                                    \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    creates(path, flags);
    return NEXT(open)(in_this_run(path), flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    creates(path, flags);
    return NEXT(open64)(in_this_run(path), flags, mode);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
    char path[PATH_BYTES];
    if (inside_fd(fd, path))
        put('W', path, offset, data, bytes);
    return NEXT(pwrite)(fd, data, bytes, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
    char path[PATH_BYTES];
    if (inside_fd(fd, path))
        put('W', path, offset, data, bytes);
    return NEXT(pwrite64)(fd, data, bytes, offset);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    char path[PATH_BYTES];
    if (inside_fd(fd, path))
        put('W', path, lseek(fd, 0, SEEK_CUR), data, bytes);
    return NEXT(write)(fd, data, bytes);
}

int ftruncate(int fd, off_t length)
{
    char path[PATH_BYTES];
    if (inside_fd(fd, path))
        put('T', path, length, NULL, 0);
    return NEXT(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
    char path[PATH_BYTES];
    if (inside_fd(fd, path))
        put('T', path, length, NULL, 0);
    return NEXT(ftruncate64)(fd, length);
}

int fsync(int fd)
{
    synced(fd);
    return NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    synced(fd);
    return NEXT(fdatasync)(fd);
}

int unlink(const char *path)
{
    char name[PATH_BYTES];
    if (inside(path, name))
        put('U', name, 0, NULL, 0);
    return NEXT(unlink)(path);
}

static void named_anew(char kind, const char *from, const char *to)
{
    char name[PATH_BYTES], other[PATH_BYTES];
    if (inside(from, name) && inside(to, other))
        put(kind, name, 0, other, strlen(other));
}

int link(const char *from, const char *to)
{
    int rc = NEXT(link)(from, to);
    if (rc == 0)
        named_anew('L', from, to);
    return rc;
}

int rename(const char *from, const char *to)
{
    named_anew('R', from, to);
    return NEXT(rename)(from, to);
}

/* ---- the network: only that and what ---- */

ssize_t send(int fd, const void *data, size_t bytes, int flags)
{
    if (getenv("POWERCUT_DIR"))
        put('N', "", 0, data, bytes < SENT_MAX_BYTES ? bytes : SENT_MAX_BYTES);
    return NEXT(send)(fd, data, bytes, flags);
}
