/* cli.h: the command line as a function, so that tests can run it in their own process. */
#ifndef FAULTLINE_CLI_H
#define FAULTLINE_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "options.h"
#include "times.h"

/* The exit status; faultline.1 promises it. */
enum cli_exit {
    CLI_FINE = 0,
    CLI_FAILED = 1, /* none of the others */
    CLI_USAGE = 2,
    CLI_NOT_FOUND = 3,
    CLI_CONFLICT = 4,
    CLI_DENIED = 5,
    CLI_UNREACHABLE = 6,
};

struct cli {
    FILE *out, *err;
    bool coloured; /* out is a terminal and NO_COLOR is not set */
    const struct clock *clock;
    const struct rng *rng;
    struct options options;
};

/* Runs argv; reads FAULTLINE_SERVER, FAULTLINE_TOKEN, XDG_CONFIG_HOME, HOME, LC_ALL, LC_MESSAGES, LANG. c->options is
 * filled here. Returns the exit status. */
int cli_run(struct cli *c, int argc, char **argv);

#endif
