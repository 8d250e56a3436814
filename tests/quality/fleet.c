/* fleet.c: cases of server/analysis/fleet.h: three files beside the cases, words to numbers and back. */
#include "quality.h"

#include "csv.h"
#include "fleet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- files */

enum { MOST_ROWS = 1000000 };

struct table {
    size_t rows, columns;
    char *names[CSV_FIELDS];
    struct texts column[CSV_FIELDS];
};

static void table_free(struct table *t)
{
    for (size_t c = 0; c < t->columns; c++) {
        free(t->names[c]);
        texts_free(&t->column[c]);
    }
}

static int read_rows(struct csv *csv, struct table *t, struct fail *f)
{
    bool there;

    if (csv_next(csv, &there, f))
        return -1;
    for (; there && t->columns < csv->count; t->columns++) {
        t->names[t->columns] = strdup(csv->fields[t->columns]);
        t->column[t->columns].of = calloc(MOST_ROWS, sizeof(char *));
    }
    while (!csv_next(csv, &there, f)) {
        if (!there || t->rows == MOST_ROWS)
            return 0;
        if (csv->count != t->columns)
            return fail_set(f, FAIL_INPUT, "line %u: %zu fields", csv->line, csv->count);
        for (size_t c = 0; c < t->columns; c++)
            t->column[c].of[t->column[c].n++] = strdup(csv->fields[c]);
        t->rows++;
    }
    return -1;
}

/* The file that the input names at key. */
static int read_table(const json_t *input, const char *key, struct table *ret, struct fail *f)
{
    autofree struct csv *csv = calloc(1, sizeof *csv);
    const char *name, *folder;
    char path[4096];
    int status;
    FILE *in;

    if (get_text(input, key, &name, f) || get_text(input, "folder", &folder, f))
        return -1;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    in = fopen(path, "re");
    if (!in)
        return fail_sys(f, "%s", path);
    csv_init(csv, in);
    status = read_rows(csv, ret, f);
    fclose(in);
    return status ? fail_add(f, "%s", path) : 0;
}

/* NULL: no such column. */
static const struct texts *find_column(const struct table *t, const char *name)
{
    for (size_t c = 0; c < t->columns; c++)
        if (!strcmp(t->names[c], name))
            return &t->column[c];
    return NULL;
}

/* names: separated by blanks. */
static int need_columns(const struct table *t, const char *table, const char *names, struct fail *f)
{
    autofree char *copy = strdup(names);
    char *rest = copy;

    for (const char *name = strsep(&rest, " "); name; name = strsep(&rest, " "))
        if (!find_column(t, name))
            return fail_set(f, FAIL_INPUT, "%s: no column %s", table, name);
    return 0;
}

/* One of those that are needed. */
static const struct texts *column(const struct table *t, const char *name)
{
    const struct texts *found = find_column(t, name);

    if (!found)
        abort();
    return found;
}

/* ---------------------------------------------------------------- words and numbers */

/* The number of a word, or the number of words when it is not among them. */
static uint32_t code_of(const struct texts *words, const char *word)
{
    size_t lo = 0, hi = words->n;

    while (lo < hi) {
        size_t middle = (lo + hi) / 2;

        if (strcmp(words->of[middle], word) < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    return (uint32_t)(lo < words->n && !strcmp(words->of[lo], word) ? lo : words->n);
}

static void words_of(const struct texts *texts, struct texts *ret)
{
    autofree size_t *codes = calloc(texts->n + 1, sizeof *codes);

    texts_code(texts, codes, ret);
}

/* An empty cell or NA is never. */
static double day(const char *text)
{
    return *text && strcmp(text, "NA") != 0 ? strtod(text, NULL) : (double)INFINITY;
}

struct words {
    struct texts devices, parts, suppliers, lots, incidents;
};

struct data {
    struct table devices, parts, events;
    struct words words;
    double *in_service;
    struct fleet_item *items;
    struct fleet_event *fleet_events;
    struct fleet_usage *usage;
};

static void data_free(struct data *d)
{
    table_free(&d->devices);
    table_free(&d->parts);
    table_free(&d->events);
    texts_free(&d->words.devices);
    texts_free(&d->words.parts);
    texts_free(&d->words.suppliers);
    texts_free(&d->words.lots);
    texts_free(&d->words.incidents);
    free(d->in_service);
    free(d->items);
    free(d->fleet_events);
    free(d->usage);
}

static void learn_words(struct data *d)
{
    words_of(column(&d->devices, "device"), &d->words.devices);
    words_of(column(&d->parts, "part"), &d->words.parts);
    words_of(column(&d->parts, "supplier"), &d->words.suppliers);
    words_of(column(&d->parts, "lot"), &d->words.lots);
    words_of(column(&d->events, "case"), &d->words.incidents);
}

static void number_devices(struct data *d)
{
    const struct texts *device = column(&d->devices, "device"), *service = column(&d->devices, "in_service_day");

    d->in_service = calloc(d->words.devices.n + 1, sizeof *d->in_service);
    for (size_t i = 0; i < d->devices.rows; i++)
        d->in_service[code_of(&d->words.devices, device->of[i])] = day(service->of[i]);
}

static void number_items(struct data *d)
{
    const struct table *t = &d->parts;

    d->items = calloc(t->rows + 1, sizeof *d->items);
    d->usage = calloc(t->rows + 1, sizeof *d->usage);
    for (size_t i = 0; i < t->rows; i++) {
        d->items[i] = (struct fleet_item){.device = code_of(&d->words.devices, column(t, "device")->of[i]),
            .part = code_of(&d->words.parts, column(t, "part")->of[i]),
            .supplier = code_of(&d->words.suppliers, column(t, "supplier")->of[i]),
            .lot = code_of(&d->words.lots, column(t, "lot")->of[i]),
            .installed = day(column(t, "install_day")->of[i]),
            .removed = day(column(t, "remove_day")->of[i])};
    }
}

static void number_events(struct data *d)
{
    const struct table *t = &d->events;

    d->fleet_events = calloc(t->rows + 1, sizeof *d->fleet_events);
    for (size_t i = 0; i < t->rows; i++) {
        uint32_t part = code_of(&d->words.parts, column(t, "confirmed_part")->of[i]);

        d->fleet_events[i] = (struct fleet_event){.device = code_of(&d->words.devices, column(t, "device")->of[i]),
            .part = part < d->words.parts.n ? part : FLEET_UNCONFIRMED,
            .incident = code_of(&d->words.incidents, column(t, "case")->of[i]),
            .day = day(column(t, "day")->of[i])};
    }
}

/* ---------------------------------------------------------------- results */

/* R's poisson.test divides by the days: 0/0 where a cell, or all the rest of its part, has none. */
static double over_days(double value, double days)
{
    return days > 0 ? value : (double)NAN;
}

static json_t *cell_object(const struct words *w, const struct fleet_cell *c, enum fleet_by by)
{
    json_t *o = json_object();

    put_text(o, "part", w->parts.of[c->part]);
    put_text(o, "supplier", w->suppliers.of[c->supplier]);
    if (by == FLEET_BY_LOT)
        put_text(o, "lot", w->lots.of[c->lot]);
    put_number(o, "fail", c->failures);
    put_number(o, "days", c->days);
    put_number(o, "ratio", c->compared ? c->ratio : (double)NAN);
    put_number(o, "lower_one_sided_95", over_days(c->lower, c->days));
    put_number(o, "p_greater", c->p);
    put_number(o, "p_BH", c->p_adjusted);
    put_number(o, "expected", over_days(c->expected, c->rest_days));
    put_number(o, "attributable", over_days(c->compared ? c->attributable : c->failures, c->rest_days));
    return o;
}

static void put_flagged(json_t *result, const struct words *w, const struct fleet_cell *cells, size_t count)
{
    autofree const char **flagged = calloc(count + 1, sizeof *flagged);
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if (cells[i].p_adjusted < 0.05)
            flagged[n++] = w->lots.of[cells[i].lot];
    put_texts(result, "flagged_lots", flagged, n);
}

static int put_cells(json_t *result, const char *key, const struct data *d, enum fleet_by by, struct fail *f)
{
    autofree struct fleet_cell *cells = calloc(d->parts.rows + 1, sizeof *cells);
    json_t *list;
    size_t count;

    if (fleet_cells(d->items, d->usage, d->parts.rows, by, 0.95, cells, &count, f))
        return -1;
    list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, cell_object(&d->words, &cells[i], by));
    json_object_set_new(result, key, list);
    if (by == FLEET_BY_LOT)
        put_flagged(result, &d->words, cells, count);
    return 0;
}

static int run_data(const json_t *input, struct data *d, json_t *result, struct fail *f)
{
    struct fleet fleet = {0};
    struct fleet_totals totals;

    if (read_table(input, "devices", &d->devices, f) || read_table(input, "parts", &d->parts, f) ||
        read_table(input, "events", &d->events, f) || get_number(input, "cutoff_day", &fleet.cutoff, f) ||
        need_columns(&d->devices, "devices", "device in_service_day", f) ||
        need_columns(&d->parts, "parts", "device part supplier lot install_day remove_day", f) ||
        need_columns(&d->events, "events", "device day confirmed_part case", f))
        return -1;
    learn_words(d);
    number_devices(d);
    number_items(d);
    number_events(d);
    fleet = (struct fleet){d->in_service, d->words.devices.n, d->items, d->parts.rows, d->fleet_events, d->events.rows,
        d->words.incidents.n, fleet.cutoff};
    if (fleet_attribute(&fleet, d->usage, &totals, f))
        return -1;
    put_number(result, "total_confirmed", (double)totals.confirmed);
    put_number(result, "total_part_days", totals.days);
    return put_cells(result, "supplier_cells", d, FLEET_BY_SUPPLIER, f) ||
                   put_cells(result, "lot_cells", d, FLEET_BY_LOT, f)
               ? -1
               : 0;
}

static int run_fleet(const json_t *input, json_t **ret_result, struct fail *f)
{
    struct data d = {0};
    int status = run_data(input, &d, *ret_result, f);

    data_free(&d);
    return status;
}
FAMILY(mini_fleet, run_fleet)
