/* main.c: faultline, the command line: gives cli_run() the process's streams and clocks. */
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"

int main(int argc, char **argv)
{
    const char *no_colour = getenv("NO_COLOR");
    struct cli c = {.out = stdout,
        .err = stderr,
        .coloured = isatty(STDOUT_FILENO) && !(no_colour && *no_colour),
        .clock = &clock_system,
        .rng = &rng_system};

    return cli_run(&c, argc, argv);
}
