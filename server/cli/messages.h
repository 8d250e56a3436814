/* messages.h: every text the command line says to a person, in English and Simplified Chinese. JSON, codes and what a
 * device sent are never translated. Pure but for message_print(), which writes. */
#ifndef FAULTLINE_MESSAGES_H
#define FAULTLINE_MESSAGES_H

#include <stdbool.h>
#include <stdio.h>

enum language { LANGUAGE_EN, LANGUAGE_ZH, LANGUAGE_COUNT };

enum message {
#define MESSAGE(id, en, zh) MESSAGE_##id,
#include "messages.def"
#undef MESSAGE
    MESSAGE_COUNT
};

/* "{}" stands where an argument goes. Never NULL. */
const char *message_text(enum language lang, enum message m);

/* Writes the text with each {} replaced by the next argument (texts; the list ends with NULL). */
void message_print(FILE *out, enum language lang, enum message m, ...) __attribute__((sentinel));

/* The same as a line of its own behind the program's name. */
void message_problem(FILE *err, enum language lang, enum message m, ...) __attribute__((sentinel));

/* A word of the JSON ("urgent", "in_progress", …) for a table; the word itself when it has no other form. */
const char *message_word(enum language lang, const char *word);

/* "en", "zh". */
bool language_from_word(const char *word, enum language *ret);

/* From a locale such as "zh_CN.UTF-8"; English for all but Chinese. NULL is fine. */
enum language language_from_locale(const char *locale);

#endif
