/* problem.h: the one form of every error answer: application/problem+json (RFC 9457) with a stable `code`. Any thread. */
#ifndef FAULTLINE_PROBLEM_H
#define FAULTLINE_PROBLEM_H

#include "http.h"

/* The reason phrase and title of a status; "" for one this program never sends. */
const char *problem_title(int status);

/* {"type":"urn:faultline:problem:CODE","title":…,"status":…,"code":…,"detail":…}; the caller frees it. detail may hold
 * anything; what is not UTF-8 is left out. */
char *problem_body(int status, const char *code, const char *detail);

#define PROBLEM_TYPE "application/problem+json"

#endif
