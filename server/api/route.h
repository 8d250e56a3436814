/* route.h: which path answers with what. The routes that ask the store know nothing of HTTP connections, so the command
 * line runs the same ones on a database file whose collector is stopped.
 *
 * Everything here may run on any thread; what asks the store blocks. */
#ifndef FAULTLINE_ROUTE_H
#define FAULTLINE_ROUTE_H

#include "fail.h"
#include "guard.h"
#include "http.h"
#include "openmetrics.h"
#include "store.h"

/* Who may: ROUTE_METRICS is open when metrics_public says so. What it needs: ROUTE_QUERY a store. */
enum route_access { ROUTE_OPEN, ROUTE_METRICS, ROUTE_READER, ROUTE_ADMIN };
enum route_kind { ROUTE_DIRECT, ROUTE_QUERY, ROUTE_STREAM };

enum { ROUTE_ID_BYTES = BOUND_SUBJECT_ID + 1, ROUTE_BODY_BYTES = 1024 };

struct route;

enum route_access route_access(const struct route *r);
enum route_kind route_kind(const struct route *r);
bool route_takes(const struct route *r, enum http_method method);
const char *route_allow(const struct route *r); /* the methods it takes, as the header Allow has them */

/* What a route is asked. Copied texts, so that the request may go to another thread. */
struct route_call {
    const struct route *route;
    enum http_method method;
    char id[ROUTE_ID_BYTES];            /* the variable segment of the path, decoded; "" when there is none */
    char query[GUARD_TARGET_BYTES + 1]; /* as sent */
    char if_none_match[64];
    char who[64]; /* "user:<name of the token>"; "" where none is needed */
    char body[ROUTE_BODY_BYTES];
    size_t body_bytes;
    struct openmetrics_inputs metrics; /* for /metrics */
    const char *unready;               /* for /readyz: what the process around misses, NULL = nothing */
};

/* An answer that owns its body. */
struct route_answer {
    int status;
    const char *type; /* a literal */
    char *body;
    size_t body_bytes;
    char etag[48];     /* "" = none */
    const char *allow; /* a literal */
    unsigned retry_after_s;
};

void route_answer_free(struct route_answer *a);

/* The route of a path (still percent-encoded) and its variable segment, decoded. NULL when there is none. */
const struct route *route_find(const char *path, char ret_id[static ROUTE_ID_BYTES]);

/* Fills ret for a call of ROUTE_DIRECT or ROUTE_QUERY. s may be NULL for ROUTE_QUERY when the store could not be opened
 * (the answer is then 503); f->code is the store's failure, FAIL_NONE when there was none. */
void route_run(const struct route_call *c, struct store *s, struct route_answer *ret, struct fail *f);

/* An error answer; code is stable, detail for people. */
void route_problem(struct route_answer *ret, int status, const char *code, const char *detail);

#endif
