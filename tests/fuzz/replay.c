/* replay.c: runs a fuzz target over the files of its corpus under an ordinary compiler.
 *   build/fuzz/NAME tests/data/fuzz/NAME   prints "replayed N inputs"; a crash or a failed assert is the failure. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void replay_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    struct stat st;

    if (!in || fstat(fileno(in), &st) != 0) {
        perror(path);
        exit(1);
    }
    /* An own allocation of the exact size, so that the sanitizers see a read past the end. */
    uint8_t *data = malloc((size_t)st.st_size + (st.st_size == 0));
    size_t n = data ? fread(data, 1, (size_t)st.st_size, in) : 0;
    LLVMFuzzerTestOneInput(data, n);
    free(data);
    fclose(in);
}

int main(int argc, char **argv)
{
    unsigned count = 0;

    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        struct dirent *entry;

        if (!dir) {
            perror(argv[i]);
            return 1;
        }
        while ((entry = readdir(dir))) {
            char path[4096];

            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            replay_file(path);
            count++;
        }
        closedir(dir);
    }
    printf("replayed %u inputs\n", count);
    return count ? 0 : 1;
}
