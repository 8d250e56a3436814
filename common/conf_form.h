/* conf_form.h: the outer form of a settings file, checked before libconfuse reads it. Private to common. Pure.
 *
 * libconfuse accepts a section left open at the end of the file, keeps its lexer inside a string left open, replaces
 * ${NAME} by the environment, cuts a word at "//" or "#", and skips bytes it does not know. None of these pass. It also
 * counts three lines for each that ends in a comment, so comments are blanked. */
#ifndef FAULTLINE_CONF_FORM_H
#define FAULTLINE_CONF_FORM_H

#include <stddef.h>

#include "fail.h"

/* Checks text and blanks its comments. FAIL_SETTINGS: "agent.conf:12: ..."; name is the file's, for the message. */
must_check int conf_form_check(const char *name, char *text, size_t n, struct fail *f);

#endif
