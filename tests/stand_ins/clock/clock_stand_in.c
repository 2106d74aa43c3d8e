/* The kernel's clocks as they are after the wall clock was set or the machine slept: in one process.
 *
 * Preloaded into a program. While the file that CLOCK_STAND_IN names holds two whole numbers of
 * seconds, CLOCK_REALTIME is moved by the first and CLOCK_BOOTTIME by the second; CLOCK_MONOTONIC
 * is the kernel's own, for it neither can be set nor counts sleep. Without the file nothing is
 * moved. The file is read at every look at a clock, so it moves them in the middle of anything.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void moved(long *wall, long *boot)
{
    int before = errno;
    const char *name = getenv("CLOCK_STAND_IN");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    *wall = *boot = 0;
    if (file >= 0) {
        char text[64];
        ssize_t length = read(file, text, sizeof text - 1);
        close(file);
        if (length > 0) {
            char *rest;
            text[length] = 0;
            *wall = strtol(text, &rest, 10);
            *boot = strtol(rest, NULL, 10);
        }
    }
    errno = before;
}

int clock_gettime(clockid_t which, struct timespec *now)
{
    long wall, boot;
    int failed = (int)syscall(SYS_clock_gettime, which, now);
    if (failed || (which != CLOCK_REALTIME && which != CLOCK_BOOTTIME))
        return failed;
    moved(&wall, &boot);
    now->tv_sec += which == CLOCK_REALTIME ? wall : boot;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec read;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &read))
        return -1;
    now->tv_sec = read.tv_sec;
    now->tv_usec = read.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *stored)
{
    struct timespec read;
    if (clock_gettime(CLOCK_REALTIME, &read))
        return -1;
    if (stored)
        *stored = read.tv_sec;
    return read.tv_sec;
}
