/* openmetrics.h: /metrics in the OpenMetrics text format, version 1.0. */
#ifndef FAULTLINE_OPENMETRICS_H
#define FAULTLINE_OPENMETRICS_H

#include "api.h"
#include "http.h"
#include "store.h"

#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* What the HTTP thread knew when the request came. */
struct openmetrics_inputs {
    struct api_host host;
    struct http_counts http;
    uint64_t auth_failures, overload; /* overload: answered 503 because the queue was full */
    unsigned queued, streams;
};

/* counts NULL = the store did not answer: its samples are left out. The caller frees the text. Any thread. */
char *openmetrics_text(const struct openmetrics_inputs *in, const struct store_counts *counts, size_t *ret_bytes);

#endif
