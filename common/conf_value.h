/* conf_value.h: one value of a settings file: its text to the field of a struct and back. Private to common. Pure. */
#ifndef FAULTLINE_CONF_VALUE_H
#define FAULTLINE_CONF_VALUE_H

#include "conf.h"

/* Reads text as key->type within its range into the field at `item + key->offset`. FAIL_SETTINGS says what is wrong and
 * what is allowed, without place or key; the value of a CONF_TEXT, which may be secret, is not shown. */
must_check int conf_value_set(const struct conf_key *key, const char *text, void *item, struct fail *f);

enum { CONF_VALUE_BYTES = 32 };

/* A number, duration or size as it would be written, in the largest unit that divides it. Returns text. */
const char *conf_value_number(enum conf_type type, int64_t value, char text[static CONF_VALUE_BYTES]);

/* The closest of `words` within two edits, or NULL: for "did you mean". */
const char *conf_value_nearest(const char *word, const char *const *words, size_t count);

enum { CONF_LIST_BYTES = 160 };

/* "(allowed: a, b, c)", cut where it is too long. Returns text. */
const char *conf_value_list(const char *const *words, size_t count, char text[static CONF_LIST_BYTES]);

#endif
