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

/* Writes the text with each {} replaced by the next of args (ends with NULL; where it ends early, so does the text). */
void message_write(FILE *out, enum language lang, enum message m, const char *const *args);
#define message_print(out, lang, m, ...) message_write(out, lang, m, MESSAGE_ARGS(__VA_ARGS__))

/* The same as a line of its own behind the program's name. */
void message_complain(FILE *err, enum language lang, enum message m, const char *const *args);
#define message_problem(err, lang, m, ...) message_complain(err, lang, m, MESSAGE_ARGS(__VA_ARGS__))

#define MESSAGE_ARGS(...) ((const char *const[]){NULL, ##__VA_ARGS__, NULL} + 1)

/* A word of the JSON ("urgent", "in_progress", …) for a table; the word itself when it has no other form. */
const char *message_word(enum language lang, const char *word);

/* "en", "zh". */
bool language_from_word(const char *word, enum language *ret);

/* From a locale such as "zh_CN.UTF-8"; English for all but Chinese. NULL is fine. */
enum language language_from_locale(const char *locale);

#endif
