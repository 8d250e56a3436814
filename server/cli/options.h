/* options.h: one table of commands and one of options; from them come parsing, help and "did you mean". */
#ifndef FAULTLINE_OPTIONS_H
#define FAULTLINE_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "messages.h"

enum option_id {
    OPTION_SERVER,
    OPTION_TOKEN_FILE,
    OPTION_CA_FILE,
    OPTION_DB,
    OPTION_JSON,
    OPTION_LANG,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_DEVICE,
    OPTION_STATE,
    OPTION_CLASS,
    OPTION_PRODUCT_LINE,
    OPTION_MODEL,
    OPTION_ALL,
    OPTION_ONLINE,
    OPTION_OFFLINE,
    OPTION_LIMIT,
    OPTION_SINCE,
    OPTION_REASON,
    OPTION_ROLE,
    OPTION_TOKENS_FILE,
    OPTION_COUNT
};

struct cli;

struct cli_command {
    const char *group, *verb; /* "ticket", "list" */
    const char *argument;     /* "NUMBER"; NULL = none */
    enum message summary;
    unsigned options;            /* a bit for each option besides the ones that every command has */
    const char *const *examples; /* NULL-terminated; at most three */
    int (*run)(struct cli *c);   /* the exit status */
};

extern const struct cli_command cli_commands[]; /* ends with a command whose group is NULL */

/* What was written on the command line; all borrowed from argv. */
struct options {
    const struct cli_command *command; /* NULL: none was named */
    const char *group;                 /* a group without a verb was named: for its help */
    const char *argument;
    const char *values[OPTION_COUNT]; /* NULL = not given; "" for a switch that is given */
    enum language lang;
    bool help; /* asked for, or nothing was said at all */
};

/* Reads argv. On failure (-1) the problem and a suggestion are written to err. ret->lang is set in any case. */
int options_parse(int argc, char **argv, const char *locale, struct options *ret, FILE *err);

/* At most 24 lines, examples first. */
void options_help(FILE *out, const struct options *o);

#endif
