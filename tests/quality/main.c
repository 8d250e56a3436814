/* main.c: quality-cases CASES.json > RESULTS.json: every case of the file through the product's own statistics.
 *
 * The result maps a case's id to an object shaped like its "expected". A case whose family is unknown or that is
 * refused is left out, with a line on standard error. Exit status 0 when the file could be read. */
#include "quality.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>

static const struct family *families;

void family_add(struct family *family)
{
    family->next = families;
    families = family;
}

static const struct family *family_named(const char *name)
{
    for (const struct family *at = families; at; at = at->next)
        if (!strcmp(at->name, name))
            return at;
    return NULL;
}

/* The result as a new reference, or NULL with f set. */
static json_t *run_case(const json_t *entry, const char *folder, struct fail *f)
{
    const char *name = json_string_value(json_object_get(entry, "family"));
    const struct family *family = name ? family_named(name) : NULL;
    json_t *input = json_object_get(entry, "input");
    json_t *result;

    if (!family)
        return fail_set(f, FAIL_NOT_FOUND, "family %s is unknown", name ? name : "(none)"), NULL;
    if (!json_is_object(input))
        return fail_set(f, FAIL_INPUT, "input: not an object"), NULL;
    json_object_set_new(input, "folder", json_string(folder));
    result = json_object();
    if (family->run(input, &result, f)) {
        json_decref(result);
        return NULL;
    }
    return result;
}

static void run_all(const json_t *cases, const char *folder, json_t *results)
{
    size_t i;
    const json_t *entry;

    json_array_foreach(cases, i, entry) {
        const char *id = json_string_value(json_object_get(entry, "id"));
        struct fail f = {0};
        json_t *result = run_case(entry, folder, &f);

        if (result && id)
            json_object_set_new(results, id, result);
        else
            fprintf(stderr, "%s: %s\n", id ? id : "a case without id", f.text);
    }
}

int main(int argc, char **argv)
{
    json_error_t error;
    json_t *file, *results;
    const json_t *cases;

    if (argc != 2) {
        fprintf(stderr, "usage: quality-cases CASES.json > RESULTS.json\n");
        return 2;
    }
    file = json_load_file(argv[1], JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
    cases = json_is_array(file) ? file : json_object_get(file, "cases");
    if (!json_is_array(cases)) {
        fprintf(stderr, "%s:%d: %s\n", argv[1], error.line, file ? "no list of cases" : error.text);
        json_decref(file);
        return 1;
    }
    results = json_object();
    run_all(cases, dirname(argv[1]), results);
    json_dumpf(results, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    putchar('\n');
    json_decref(results);
    json_decref(file);
    return fflush(stdout) ? 1 : 0;
}
