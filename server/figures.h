/* figures.h: what ingest and writer counted, as samples of /metrics. */
#ifndef FAULTLINE_FIGURES_H
#define FAULTLINE_FIGURES_H

#include "api.h"
#include "metrics.h"

/* Calls emit(sink, sample) for each; any thread. */
void figures_emit(const struct metrics *m, void (*emit)(void *sink, const struct api_metric *sample), void *sink);

#endif
