/* sqlite_folder.h: a benchmark on a new SQLite file, which is removed behind it. */
#ifndef BENCH_SQLITE_FOLDER_H
#define BENCH_SQLITE_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "store.h"

/* Calls measure() with a store in a folder of its own below `under`. */
static inline void on_sqlite(const char *under, void (*measure)(const char *driver, const struct store_settings *s))
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    char folder[200], path[220], name[240];

    snprintf(folder, sizeof folder, "%s/bench-XXXXXX", under);
    if (!mkdtemp(folder)) {
        perror(folder);
        exit(1);
    }
    snprintf(path, sizeof path, "%s/db", folder);
    measure("SQLite", &(struct store_settings){.driver = STORE_SQLITE, .path = path});
    for (size_t i = 0; i < countof(endings); i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
    rmdir(folder);
}

#endif
