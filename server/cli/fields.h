/* fields.h: single values out of the documents of /api/v1, as text. */
#ifndef FAULTLINE_FIELDS_H
#define FAULTLINE_FIELDS_H

#include <jansson.h>
#include <stddef.h>

enum { FIELD_TIME_BYTES = 24, FIELD_NUMBER_BYTES = 24, FIELD_FAULT_BYTES = 128 };

/* A text member; "" when there is none. */
const char *field_text(const json_t *o, const char *key);

/* An integer member in decimal. Returns text. */
const char *field_number(const json_t *o, const char *key, char text[static FIELD_NUMBER_BYTES]);

/* A time member on the reader's own clock on the wall: "2026-01-01 10:00", or "10:00:00.123". Return text; "" when
 * there is none. */
const char *field_minute(const json_t *o, const char *key, char text[static FIELD_TIME_BYTES]);
const char *field_moment(const json_t *o, const char *key, char text[static FIELD_TIME_BYTES]);

/* "j1939 789/2" of an object with ns, code and mode; without the mode when it is 0. Returns text. */
const char *field_fault(const json_t *o, char text[static FIELD_FAULT_BYTES]);

#endif
