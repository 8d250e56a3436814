/* conf.c: the table of conf.h to libconfuse's options, and what it read into the structs. See conf.h.
 *
 * libconfuse only takes the file apart: every value arrives as text with its line (struct raw), and is judged by
 * conf_value.c after the whole file was read. Its lexer and its error callback are global, hence one thread. */
#include "conf.h"

#include <assert.h>
#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf_form.h"
#include "conf_value.h"

enum { FILE_MAX_BYTES = 1024 * 1024 }; /* hundreds of sources and calendars fit */

/* A value as it stood in the file. */
struct raw {
    int line;
    char text[];
};

/* The file that is being read, for libconfuse's callbacks, which have no argument for it. */
static struct {
    const char *path;
    struct fail *fail;
    bool failed;
} reading;

static int __attribute__((format(printf, 4, 5)))
refuse(const char *path, int line, struct fail *f, const char *format, ...)
{
    char text[sizeof f->text];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fail_set(f, FAIL_SETTINGS, "%s:%d: %s", path, line, text);
}

static void *must_have(void *p)
{
    if (!p)
        abort(); /* out of memory; the file's size was capped before */
    return p;
}

/* ---------------------------------------------------------------- libconfuse's side */

/* The first error is the cause; libconfuse reports some again on its way out. */
static void refuse_reading(cfg_t *cfg, const char *what)
{
    if (!reading.failed)
        refuse(reading.path, cfg->line, reading.fail, "%s", what);
    reading.failed = true;
}

static void refuse_unknown(cfg_t *cfg, const char *name)
{
    const char *what = cfg->opts[0].type == CFGT_SEC ? "section" : "key";
    const char *names[64];
    char list[CONF_LIST_BYTES], text[160 + CONF_LIST_BYTES];
    size_t count = 0;

    for (; count < countof(names) && cfg->opts[count].name; count++)
        names[count] = cfg->opts[count].name;
    const char *nearest = conf_value_nearest(name, names, count);
    conf_value_list(names, count, list);
    snprintf(text, sizeof text, "%s%s%.64s: unknown %s%s%s%s", what[0] == 'k' ? cfg->name : "",
        what[0] == 'k' ? "." : "", name, what, nearest ? ", did you mean " : " ", nearest ? nearest : list,
        nearest ? "?" : "");
    refuse_reading(cfg, text);
}

static void __attribute__((format(printf, 2, 0))) on_error(cfg_t *cfg, const char *format, va_list args)
{
    char text[160];

    if (strcmp(format, "no such option '%s'") == 0) {
        refuse_unknown(cfg, va_arg(args, const char *));
        return;
    }
    vsnprintf(text, sizeof text, format, args);
    refuse_reading(cfg, text);
}

/* Set in an option's flags when its key has stood once; libconfuse lets a later value replace an earlier one. */
enum { FLAG_SEEN = 1 << 30 };

static int keep_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *ret)
{
    char text[160];

    if (opt->flags & FLAG_SEEN) {
        snprintf(text, sizeof text, "%s.%s: given twice", cfg->name, opt->name);
        refuse_reading(cfg, text);
        return -1;
    }
    opt->flags |= FLAG_SEEN;
    struct raw *raw = must_have(malloc(sizeof *raw + strlen(value) + 1));
    raw->line = cfg->line;
    strcpy(raw->text, value);
    *(struct raw **)ret = raw;
    return 0;
}

static size_t key_count(const struct conf_section *s)
{
    size_t n = 0;

    while (s->keys[n].name)
        n++;
    return n;
}

static size_t section_count(const struct conf_section *sections)
{
    size_t n = 0;

    while (sections[n].name)
        n++;
    return n;
}

/* The options of one section, in the order of its keys. */
static cfg_opt_t *make_keys(const struct conf_section *s)
{
    size_t n = key_count(s);
    cfg_opt_t *opts = must_have(calloc(n + 1, sizeof *opts));

    for (size_t i = 0; i < n; i++)
        opts[i] = (cfg_opt_t)CFG_PTR_CB(s->keys[i].name, NULL, CFGF_NODEFAULT, keep_value, free);
    opts[n] = (cfg_opt_t)CFG_END();
    return opts;
}

/* Every section is "multi", so that one that is absent and one that stands twice can be told apart. */
static cfg_opt_t *make_options(const struct conf_section *sections)
{
    size_t n = section_count(sections);
    cfg_opt_t *opts = must_have(calloc(n + 1, sizeof *opts));

    for (size_t i = 0; i < n; i++) {
        cfg_flag_t flags = sections[i].named ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES : CFGF_MULTI;

        opts[i] = (cfg_opt_t)CFG_SEC(sections[i].name, make_keys(&sections[i]), flags);
    }
    opts[n] = (cfg_opt_t)CFG_END();
    return opts;
}

static void free_options(cfg_opt_t *opts)
{
    for (size_t i = 0; opts[i].name; i++)
        free(opts[i].subopts);
    free(opts);
}

static int parse(const char *path, const char *text, const struct conf_section *sections, cfg_t **ret, struct fail *f)
{
    cfg_opt_t *opts = make_options(sections);
    cfg_t *cfg = must_have(cfg_init(opts, CFGF_NONE)); /* copies the options */

    free_options(opts);
    reading.path = path;
    reading.fail = f;
    reading.failed = false;
    cfg_set_error_function(cfg, on_error);
    if (cfg_parse_buf(cfg, text) != CFG_SUCCESS || reading.failed) {
        if (!reading.failed)
            refuse(path, cfg->line, f, "not understood");
        cfg_free(cfg);
        return -1;
    }
    *ret = cfg;
    return 0;
}

/* ---------------------------------------------------------------- our side */

static char *section_label(const struct conf_section *s, const char *title, char *label, size_t size)
{
    snprintf(label, size, "%s%s%.64s", s->name, title ? " " : "", title ? title : "");
    return label;
}

/* Reads one section into item; sec is NULL when the section is absent. */
static int take_section(const char *path, const struct conf_section *s, const cfg_t *sec, char *item, struct fail *f)
{
    char label[128];

    section_label(s, sec ? sec->title : NULL, label, sizeof label);
    for (size_t i = 0; s->keys[i].name; i++) {
        const struct conf_key *key = &s->keys[i];
        const struct raw *raw = sec && sec->opts[i].nvalues ? sec->opts[i].values[0]->ptr : NULL;

        if (raw) {
            if (conf_value_set(key, raw->text, item, f) < 0)
                return fail_add(f, "%s:%d: %s.%s", path, raw->line, label, key->name);
        } else if (key->fallback) {
            int rc = conf_value_set(key, key->fallback, item, f);

            assert(rc == 0); /* a fallback of our own tables that its key refuses */
            (void)rc;
        } else if (sec) {
            return refuse(path, sec->line, f, "%s.%s: missing (the section ends here)", label, key->name);
        } else if (!s->optional) {
            return fail_set(f, FAIL_SETTINGS, "%s: %s.%s: missing", path, label, key->name);
        }
    }
    return 0;
}

static int take_unnamed(const char *path, const struct conf_section *s, const cfg_opt_t *opt, struct fail *f)
{
    const cfg_t *sec = opt->nvalues ? opt->values[0]->section : NULL;

    if (opt->nvalues > 1)
        return refuse(path, opt->values[1]->section->line, f, "%s: given twice (the second ends here)", s->name);
    if (take_section(path, s, sec, s->items, f) < 0)
        return -1;
    if (s->ret_count)
        *s->ret_count = opt->nvalues;
    return 0;
}

static int take_name(const char *path, const struct conf_section *s, const cfg_t *sec, char *item, struct fail *f)
{
    size_t n = strlen(sec->title);

    if (n == 0 || n >= s->name_size)
        return refuse(path, sec->line, f, "%s: a name of %zu bytes (allowed: 1 to %zu)", s->name, n, s->name_size - 1);
    memcpy(item + s->name_offset, sec->title, n + 1);
    return 0;
}

static int take_named(const char *path, const struct conf_section *s, const cfg_opt_t *opt, struct fail *f)
{
    for (size_t i = 0; i < opt->nvalues; i++) {
        const cfg_t *sec = opt->values[i]->section;
        char *item = (char *)s->items + i * s->item_bytes;

        if (i == s->max_items)
            return refuse(path, sec->line, f, "%s: more than %zu sections", s->name, s->max_items);
        if (take_name(path, s, sec, item, f) < 0 || take_section(path, s, sec, item, f) < 0)
            return -1;
    }
    *s->ret_count = opt->nvalues;
    return 0;
}

static int take_all(const char *path, const struct conf_section *sections, const cfg_t *cfg, struct fail *f)
{
    for (size_t i = 0; sections[i].name; i++) {
        const struct conf_section *s = &sections[i];
        int rc = s->named ? take_named(path, s, &cfg->opts[i], f) : take_unnamed(path, s, &cfg->opts[i], f);

        if (rc < 0)
            return -1;
    }
    return 0;
}

/* The whole file into text, which has room for FILE_MAX_BYTES + 2 bytes, and a NUL behind it. */
static int read_file(const char *path, char *text, size_t *ret_bytes, struct fail *f)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = fd < 0 ? -1 : 1;

    while (got > 0 && n <= FILE_MAX_BYTES) {
        got = read(fd, text + n, FILE_MAX_BYTES + 1 - n);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            n += (size_t)got;
    }
    if (got < 0) {
        int sys = errno;

        fail_set(f, FAIL_SETTINGS, "%s: %s", path, strerror(sys));
        f->sys = sys;
        return -1;
    }
    if (n > FILE_MAX_BYTES) {
        fail_set(f, FAIL_SETTINGS, "%s: more than %d bytes", path, FILE_MAX_BYTES);
        return -1;
    }
    text[n] = '\0';
    *ret_bytes = n;
    return 0;
}

static int read_into(const char *path, char *text, const struct conf_section *sections, struct fail *f)
{
    cfg_t *cfg;
    size_t n;

    if (read_file(path, text, &n, f) < 0 || conf_form_check(path, text, n, f) < 0 ||
        parse(path, text, sections, &cfg, f) < 0)
        return -1;
    int rc = take_all(path, sections, cfg, f);
    cfg_free(cfg);
    return rc;
}

int conf_read(const char *path, const struct conf_section *sections, struct fail *f)
{
    char *text = must_have(malloc(FILE_MAX_BYTES + 2));
    int rc = read_into(path, text, sections, f);

    free(text);
    return rc;
}

/* ---------------------------------------------------------------- print */

static void print_quoted(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++) {
        if (strchr("\"\\$", *text))
            putc('\\', out);
        putc(*text, out);
    }
    putc('"', out);
}

static void print_value(FILE *out, const struct conf_key *key, const char *item)
{
    const void *field = item + key->offset;
    char text[CONF_VALUE_BYTES];
    int64_t number;
    int word;

    switch (key->type) {
    case CONF_TEXT:
        print_quoted(out, key->secret && *(const char *)field ? "***" : field);
        return;
    case CONF_WORD:
        memcpy(&word, field, sizeof word);
        fputs(key->words[word], out);
        return;
    case CONF_SWITCH:
        fputs(*(const bool *)field ? "yes" : "no", out);
        return;
    case CONF_NUMBER:
    case CONF_DURATION:
    case CONF_SIZE:
        memcpy(&number, field, sizeof number);
        fputs(conf_value_number(key->type, number, text), out);
        return;
    }
}

static void print_section(FILE *out, const struct conf_section *s, const char *item)
{
    fputs(s->name, out);
    if (s->named) {
        putc(' ', out);
        print_quoted(out, item + s->name_offset);
    }
    fputs(" {\n", out);
    for (const struct conf_key *key = s->keys; key->name; key++) {
        fprintf(out, "    %s = ", key->name);
        print_value(out, key, item);
        putc('\n', out);
    }
    fputs("}\n", out);
}

void conf_print(FILE *out, const struct conf_section *sections)
{
    for (const struct conf_section *s = sections; s->name; s++) {
        size_t count = s->named || (s->optional && s->ret_count) ? *s->ret_count : 1;

        for (size_t i = 0; i < count; i++)
            print_section(out, s, (const char *)s->items + i * s->item_bytes);
    }
}
