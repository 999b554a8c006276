/*
 * A wall clock that is wrong by as many seconds as a mapped file says; every other clock is left alone.
 *
 * For LD_PRELOAD. The file is mapped before a process locks itself in, so that a sandbox does not end it, and is read
 * at every call, so that the clock of a running process can be set. Python and SQLite tell the time by these calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_seconds;

__attribute__((constructor)) static void map_offset(void)
{
    const char *path = getenv("MOVED_CLOCK_FILE");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED)
        offset_seconds = mapped;
}

static int64_t get_offset(void)
{
    return offset_seconds == NULL ? 0 : *offset_seconds;
}

int clock_gettime(clockid_t clock, struct timespec *told)
{
    static int (*ask)(clockid_t, struct timespec *);
    if (ask == NULL)
        ask = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = ask(clock, told);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        told->tv_sec += get_offset();
    return result;
}

int gettimeofday(struct timeval *restrict told, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    if (told == NULL || clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    told->tv_sec = now.tv_sec;
    told->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *told)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return (time_t)-1;
    if (told != NULL)
        *told = now.tv_sec;
    return now.tv_sec;
}
