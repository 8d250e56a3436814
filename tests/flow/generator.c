/* generator.c: an application that raises and clears faults without end and keeps its own ledger of what was accepted.
 *
 *   generator SOCKET LEDGER          runs until its standard input ends
 *   generator SOCKET LEDGER COUNT    raises and clears COUNT codes
 *
 * Each line of the ledger is "NUMBER CODE raise|clear": the agent answered that this record is on its disk. An answer that
 * did not come (the agent was killed meanwhile) makes no line: nobody knows. Each code is raised and cleared three times,
 * which is one incident, and never used again. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faultline.h"

enum { ROUNDS = 3 };

/* Waits up to ms for the end of standard input. */
static int is_over(int ms)
{
    struct pollfd in = {0, POLLIN, 0};
    char byte;

    return poll(&in, 1, ms) > 0 && read(0, &byte, 1) <= 0;
}

static void note(FILE *ledger, uint64_t number, const char *code, const char *what)
{
    if (fprintf(ledger, "%llu %s %s\n", (unsigned long long)number, code, what) < 0 || fflush(ledger) != 0) {
        perror("ledger");
        exit(1);
    }
}

/* Until the agent said yes; an answer without a number wrote no record (the fault was known to be in that state). */
static int tell(struct fl *fl, FILE *ledger, const char *code, int raise)
{
    for (;;) {
        int result = raise ? fl_raise(fl, code, NULL) : fl_clear(fl, code, NULL);

        if (result == FL_OK) {
            if (fl_number(fl))
                note(ledger, fl_number(fl), code, raise ? "raise" : "clear");
            return is_over(0);
        }
        if (result == FL_INVALID || result == FL_LIMIT) {
            fprintf(stderr, "generator: %s: %s\n", fl_strerror(result), fl_detail(fl));
            exit(1);
        }
        if (is_over((int)fl_retry_after_ms(fl) + 20))
            return 1;
    }
}

int main(int argc, char **argv)
{
    struct fl_options options = {.struct_size = sizeof options, .socket_path = argc > 1 ? argv[1] : NULL};
    struct fl *fl;
    FILE *ledger = argc > 2 ? fopen(argv[2], "a") : NULL;
    int over = 0;
    unsigned long count = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

    if (!ledger || fl_open(&fl, &options) != FL_OK) {
        fprintf(stderr, "generator: %s\n", strerror(errno));
        return 1;
    }
    for (unsigned long n = 0; !over && (!count || n < count); n++) {
        char code[32];

        snprintf(code, sizeof code, "L%06lu", n);
        for (int i = 0; i < 2 * ROUNDS && !over; i++)
            over = tell(fl, ledger, code, i % 2 == 0);
    }
    fl_close(fl);
    fclose(ledger);
    return 0;
}
