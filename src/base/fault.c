#include "config.h"

#include "base/fault.h"

#ifdef TEST_HOOKS

#include "base/str.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

int64_t fault_time_ms(const char *variable, int64_t usual_ms)
{
    const char *text = getenv(variable);
    long long ms;
    return text && str_to_ll(text, 0, INT32_MAX, &ms) ? ms : usual_ms;
}

#else

/* An empty file is no C. */
extern int fault_none;

#endif
