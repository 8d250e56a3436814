/* token_new.h: `faultline token new`: makes a token; needs neither collector nor database. */
#ifndef FAULTLINE_TOKEN_NEW_H
#define FAULTLINE_TOKEN_NEW_H

#include "cli.h"

/* The token goes to standard output, once; its line into --tokens-file, else to standard error. A new file is made for
 * its owner alone. CLI_CONFLICT: the file has that name already. */
int token_new(struct cli *c);

#endif
