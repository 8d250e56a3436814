/* conf_form.c: see conf_form.h. */
#include "conf_form.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

struct form {
    const char *name;
    char *at;
    const char *end;
    unsigned line;
    unsigned open_line; /* of the section that is open; 0 = none */
    bool value_due;     /* behind '=' */
    const char *value;  /* the value taken last on this line; NULL = none */
};

#define form_fail(form, line, ...) form_fail_at((form), (line), (f), __VA_ARGS__)

static int __attribute__((format(printf, 4, 5)))
form_fail_at(const struct form *form, unsigned line, struct fail *f, const char *format, ...)
{
    char text[160];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fail_set(f, FAIL_SETTINGS, "%s:%u: %s", form->name, line, text);
}

static bool is_word_byte(char c)
{
    return c && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("_-./:@%", c));
}

/* All bytes are clean UTF-8, lines and tabs; moves over one character. */
static int take_character(struct form *form, struct fail *f)
{
    size_t length = *form->at == '\t' ? 1 : utf8_length((const uint8_t *)form->at, (size_t)(form->end - form->at));

    if (!length)
        return form_fail(form, form->line, "byte 0x%02x is not clean UTF-8", (uint8_t)*form->at);
    form->at += length;
    return 0;
}

static int blank_comment(struct form *form, struct fail *f)
{
    char *start = form->at;

    while (form->at < form->end && *form->at != '\n' && *form->at != '\r')
        if (take_character(form, f) < 0)
            return -1;
    memset(start, ' ', (size_t)(form->at - start));
    return 0;
}

/* After a backslash in double quotes: \" \\ \$; in single quotes: \' and \\, which libconfuse reads the same. */
static int take_escape(struct form *form, char quote, struct fail *f)
{
    const char *allowed = quote == '"' ? "\"\\$" : "'\\";

    form->at++;
    if (form->at == form->end || !*form->at || !strchr(allowed, *form->at))
        return form_fail(
            form, form->line, "unknown escape in quotes (allowed: \\%c \\\\%s)", quote, quote == '"' ? " \\$" : "");
    form->at++;
    return 0;
}

static int take_quoted(struct form *form, struct fail *f)
{
    char quote = *form->at++;

    form->value_due = false;
    while (form->at < form->end && *form->at != '\n' && *form->at != '\r') {
        if (*form->at == quote) {
            form->at++;
            return 0;
        }
        if (quote == '"' && form->end - form->at >= 2 && memcmp(form->at, "${", 2) == 0)
            return form_fail(form, form->line, "${...} is not replaced; write \\$ for a dollar sign");
        int rc = *form->at == '\\' ? take_escape(form, quote, f) : take_character(form, f);
        if (rc < 0)
            return -1;
    }
    return form_fail(form, form->line, "quotes are not closed on this line");
}

/* "20 seconds": libconfuse would take the second word for the name of a key. Another key on the same line is one. */
static int check_behind_value(struct form *form, struct fail *f)
{
    const char *word = form->at, *end = word, *next;

    while (end < form->end && is_word_byte(*end))
        end++;
    for (next = end; next < form->end && (*next == ' ' || *next == '\t'); next++)
        ;
    if (next < form->end && *next == '=')
        return 0;
    if (end < form->end && !strchr(" \t\r\n}#", *end))
        return 0; /* what follows is wrong in itself, and told as that */
    if (*form->value >= '0' && *form->value <= '9')
        return form_fail(form, form->line,
            "\"%.*s\": a number and its unit stand together (allowed: ms, s, m, h, d for "
            "a duration; K, M, G for a size)",
            (int)(end - form->value), form->value);
    return form_fail(
        form, form->line, "\"%.*s\": a value of several words needs quotes", (int)(end - form->value), form->value);
}

static int take_word(struct form *form, struct fail *f)
{
    if (form->value && check_behind_value(form, f) < 0)
        return -1;
    form->value = form->value_due ? form->at : NULL;
    form->value_due = false;
    while (form->at < form->end && is_word_byte(*form->at)) {
        if (form->end - form->at >= 2 && memcmp(form->at, "//", 2) == 0)
            return form_fail(form, form->line, "put a value that contains // in quotes (comments begin with #)");
        form->at++;
    }
    if (form->at < form->end && *form->at == '#')
        return form_fail(form, form->line, "put a value that contains # in quotes, or a space before the comment");
    return 0;
}

static int take_open(struct form *form, struct fail *f)
{
    if (form->open_line)
        return form_fail(
            form, form->line, "a section inside the section opened in line %u: a '}' is missing", form->open_line);
    form->open_line = form->line;
    form->at++;
    return 0;
}

static int take_close(struct form *form, struct fail *f)
{
    if (!form->open_line)
        return form_fail(form, form->line, "'}' without a '{'");
    form->open_line = 0;
    form->at++;
    return 0;
}

static int take_token(struct form *form, struct fail *f)
{
    switch (*form->at) {
    case '\n':
        form->line++;
        form->value = NULL;
        form->at++;
        return 0;
    case ' ':
    case '\t':
    case '\r':
        form->at++;
        return 0;
    case '=':
        form->value_due = true;
        form->at++;
        return 0;
    case '#':
        return blank_comment(form, f);
    case '"':
    case '\'':
        return take_quoted(form, f);
    case '{':
        return take_open(form, f);
    case '}':
        return take_close(form, f);
    default:
        break;
    }
    if (is_word_byte(*form->at))
        return take_word(form, f);
    if (take_character(form, f) < 0)
        return -1;
    return form_fail(form, form->line,
        "unexpected '%c'; a value with other than letters, digits and _-./:@%% needs quotes", form->at[-1]);
}

int conf_form_check(const char *name, char *text, size_t n, struct fail *f)
{
    struct form form = {.name = name, .at = text, .end = text + n, .line = 1};

    while (form.at < form.end)
        if (take_token(&form, f) < 0)
            return -1;
    if (form.open_line)
        return form_fail(&form, form.open_line, "the section opened here is never closed: a '}' is missing");
    return 0;
}
