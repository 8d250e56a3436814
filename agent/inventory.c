/* inventory.c: see inventory.h. */
#include "inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"

enum { TEXT_BYTES = BOUND_NAME + 1 };

struct part_texts {
    char position[TEXT_BYTES], part_no[TEXT_BYTES], serial[TEXT_BYTES], supplier[TEXT_BYTES], lot[TEXT_BYTES];
    char made_date[TEXT_BYTES], source[TEXT_BYTES];
};

struct inventory_book {
    char product_line[TEXT_BYTES], model[TEXT_BYTES], serial[TEXT_BYTES], hardware[TEXT_BYTES];
    struct part_texts part_texts[BOUND_PARTS];
    struct {
        char component[TEXT_BYTES], version[TEXT_BYTES];
    } firmware_texts[BOUND_FIRMWARE];
    struct part parts[BOUND_PARTS];
    struct firmware firmware[BOUND_FIRMWARE];
    struct inventory all; /* points into the above */
};

struct inventory_book *inventory_new(void)
{
    struct inventory_book *b = calloc(1, sizeof *b);

    if (!b)
        abort();
    b->all = (struct inventory){.product_line = b->product_line,
        .model = b->model,
        .serial = b->serial,
        .hardware = b->hardware,
        .firmware = b->firmware,
        .parts = b->parts};
    return b;
}

void inventory_free(struct inventory_book *b)
{
    free(b);
}

/* True when the text is new. */
static bool set(char to[static TEXT_BYTES], const char *from)
{
    if (!*from || strncmp(to, from, BOUND_NAME) == 0)
        return false;
    snprintf(to, TEXT_BYTES, "%s", from);
    return true;
}

static bool set_part(struct part_texts *to, const struct part *p)
{
    bool changed = set(to->position, p->position);

    changed |= set(to->part_no, p->part_no);
    changed |= set(to->serial, p->serial);
    changed |= set(to->supplier, p->supplier);
    changed |= set(to->lot, p->lot);
    changed |= set(to->made_date, p->made_date);
    changed |= set(to->source, p->source);
    return changed;
}

static bool merge_part(struct inventory_book *b, const struct part *p, unsigned *left_out)
{
    size_t i = 0;

    while (i < b->all.part_count && strncmp(b->parts[i].position, p->position, BOUND_NAME) != 0)
        i++;
    if (i == BOUND_PARTS) {
        (*left_out)++;
        return false;
    }
    struct part_texts *t = &b->part_texts[i];
    if (i == b->all.part_count) {
        b->parts[i] = (struct part){t->position, t->part_no, t->serial, t->supplier, t->lot, t->made_date, t->source};
        b->all.part_count++;
        set_part(t, p);
        return true;
    }
    return set_part(t, p);
}

static bool merge_firmware(struct inventory_book *b, const struct firmware *f, unsigned *left_out)
{
    size_t i = 0;

    while (i < b->all.firmware_count && strncmp(b->firmware[i].component, f->component, BOUND_NAME) != 0)
        i++;
    if (i == BOUND_FIRMWARE) {
        (*left_out)++;
        return false;
    }
    if (i == b->all.firmware_count) {
        b->firmware[i] = (struct firmware){b->firmware_texts[i].component, b->firmware_texts[i].version};
        b->all.firmware_count++;
        set(b->firmware_texts[i].component, f->component);
        set(b->firmware_texts[i].version, f->version);
        return true;
    }
    return set(b->firmware_texts[i].version, f->version);
}

bool inventory_merge(struct inventory_book *b, const struct inventory *i, unsigned *ret_left_out)
{
    bool changed = set(b->product_line, i->product_line);
    unsigned left_out = 0;

    changed |= set(b->model, i->model);
    changed |= set(b->serial, i->serial);
    changed |= set(b->hardware, i->hardware);
    for (size_t n = 0; n < i->firmware_count; n++)
        changed |= merge_firmware(b, &i->firmware[n], &left_out);
    for (size_t n = 0; n < i->part_count; n++)
        changed |= merge_part(b, &i->parts[n], &left_out);
    *ret_left_out = left_out;
    return changed;
}

const struct inventory *inventory_all(const struct inventory_book *b)
{
    return &b->all;
}
