#include "config.h"

#include "base/fault.h"

#ifdef TEST_HOOKS

#include "base/str.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define NUMBER_BYTES 16

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void count_down(int fd)
{
    char text[NUMBER_BYTES] = "";
    long long left;
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    if (n <= 0 || !str_to_ll(text, 1, 999999, &left))
        return;
    n = snprintf(text, sizeof(text), "%06lld", left - 1);
    if (pwrite(fd, text, (size_t)n, 0) != n || left == 1)
        kill(getpid(), SIGKILL);
}

void fault_moment(void)
{
    const char *path = getenv("TEST_FAULT_FILE");
    if (!path)
        return;
    pthread_mutex_lock(&mutex);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        count_down(fd);
        close(fd);
    }
    pthread_mutex_unlock(&mutex);
}

/* Mapped once: a clock is read far too often to open a file each time. */
static _Atomic int64_t *shift;

static void map_clock(void)
{
    const char *path = getenv("TEST_CLOCK_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *page = mmap(NULL, sizeof(*shift), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED)
        shift = page;
}

int64_t fault_clock_ms(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, map_clock);
    return shift ? *shift : 0;
}

int64_t fault_wait_ms(int64_t usual_ms)
{
    const char *text = getenv("TEST_WAIT_PERCENT");
    long long percent;
    if (!text || !str_to_ll(text, 0, 100, &percent))
        return usual_ms;
    return usual_ms * percent / 100;
}

#else

/* An empty file is no C. */
extern int fault_none;

#endif
