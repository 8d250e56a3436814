/* sources.h: all sources that the settings name, opened and closed together. A source that cannot be opened for now (a
 * bus that is not up, a folder that is not mounted) is tried again, at growing distances; the others do not wait. */
#ifndef FAULTLINE_SOURCES_H
#define FAULTLINE_SOURCES_H

#include "fail.h"
#include "settings.h"
#include "source.h"

struct sources;

/* s and env are borrowed until sources_close(). Fails, with all closed again, when a source's settings are unfit
 * (FAIL_SETTINGS) or its place is taken by another process (FAIL_CONFLICT). */
must_check int sources_open(
    const struct settings *s, const struct source_env *env, struct sources **ret, struct fail *f);
void sources_close(struct sources *all); /* NULL is fine */

/* A sample for the next health record (struct source_sink.measure). */
must_check int sources_measure(struct sources *all, const struct frame_value *sample, struct fail *f);

#endif
