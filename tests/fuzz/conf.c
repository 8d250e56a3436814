/* conf: any bytes as a settings file. What is accepted prints as a file that reads back to the same; what is refused
 * names the file. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct settings s;
static char path[64];
static int fd = -1;

static int read_bytes(const void *data, size_t n, struct fail *f)
{
    if (fd < 0) {
        fd = memfd_create("settings", MFD_CLOEXEC);
        assert(fd >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    assert(ftruncate(fd, 0) == 0 && pwrite(fd, data, n, 0) == (ssize_t)n);
    memset(&s, 0, sizeof s);
    return settings_read(path, &s, f);
}

static size_t print(char *text, size_t size)
{
    FILE *out = fmemopen(text, size, "w");

    assert(out);
    settings_print(out, &s);
    fclose(out);
    return strlen(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char first[8192], second[8192];
    struct fail f = {0};

    if (read_bytes(data, n, &f) < 0) {
        assert(f.code == FAIL_SETTINGS && strncmp(f.text, path, strlen(path)) == 0);
        return 0;
    }
    assert(read_bytes(first, print(first, sizeof first), &f) == 0);
    print(second, sizeof second);
    assert(strcmp(first, second) == 0);
    return 0;
}
