/* Kills its process at the KILL_AT-th time that it is about to write to the ledger, or to have it on disk: preloaded (LD_PRELOAD). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void about_to_write(int file) {
    static atomic_int count;
    const char *at = getenv("KILL_AT");
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = at ? readlink(link, path, sizeof path - 1) : -1;
    if (length < 0) return;
    path[length] = 0;
    /* The file, and what is written ahead of it. */
    if (strstr(path, "/snowtrack.duckdb") && ++count == atoi(at)) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
}

#define INSTEAD_OF(type, name, parameters, arguments)                 \
    type name parameters {                                            \
        static type(*real) parameters;                                \
        if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
        about_to_write(file);                                         \
        return real arguments;                                        \
    }

INSTEAD_OF(ssize_t, write, (int file, const void *from, size_t count), (file, from, count))
INSTEAD_OF(ssize_t, pwrite, (int file, const void *from, size_t count, off_t at), (file, from, count, at))
INSTEAD_OF(ssize_t, pwrite64, (int file, const void *from, size_t count, off_t at), (file, from, count, at))
INSTEAD_OF(int, fsync, (int file), (file))
INSTEAD_OF(int, fdatasync, (int file), (file))
