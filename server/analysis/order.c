/* order.c: radix sort of the upper half of each number's bits, eleven at a time; then of the lower half among those
 * whose upper halves agree, which are few when numbers are many and all the same when they are ties. */
#include "order.h"

#include "cleanup.h"
#include "room.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 3, DIGIT_VALUES = 1 << DIGIT_BITS, FEW = 48 };

struct keyed {
    uint32_t key; /* half of the number's bits */
    uint32_t index;
};

/* The bits of a double as an unsigned number of the same order: negative numbers are turned round. */
static uint64_t key_of(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static size_t digit(uint32_t key, unsigned place)
{
    return (key >> (place * DIGIT_BITS)) & (DIGIT_VALUES - 1);
}

/* Counts become the places where each digit's elements start. False when all elements have one digit. */
static bool starts_from_counts(uint32_t *counts, size_t n)
{
    uint32_t start = 0;

    for (size_t d = 0; d < DIGIT_VALUES; d++) {
        uint32_t count = counts[d];

        if (count == n)
            return false;
        counts[d] = start;
        start += count;
    }
    return true;
}

static void insertion_sort(struct keyed *a, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct keyed moved = a[i];
        size_t j = i;

        for (; j > 0 && a[j - 1].key > moved.key; j--)
            a[j] = a[j - 1];
        a[j] = moved;
    }
}

/* Sorts a by key, stable; spare has room for n. */
static void radix_sort(struct keyed *a, struct keyed *spare, size_t n)
{
    uint32_t counts[DIGITS][DIGIT_VALUES] = {{0}};
    struct keyed *from = a, *to = spare;

    for (size_t i = 0; i < n; i++)
        for (unsigned place = 0; place < DIGITS; place++)
            counts[place][digit(a[i].key, place)]++;
    for (unsigned place = 0; place < DIGITS; place++) {
        struct keyed *swap = from;

        if (!starts_from_counts(counts[place], n))
            continue;
        for (size_t i = 0; i < n; i++)
            to[counts[place][digit(from[i].key, place)]++] = from[i];
        from = to;
        to = swap;
    }
    if (from != a)
        memcpy(a, from, n * sizeof *a);
}

static void sort(struct keyed *a, struct keyed *spare, size_t n)
{
    if (n <= FEW)
        insertion_sort(a, n);
    else
        radix_sort(a, spare, n);
}

/* Elements whose upper halves agree: by their lower halves. Ties are in order already. */
static void sort_run(const double *x, struct keyed *a, struct keyed *spare, size_t n)
{
    bool sorted = true;

    for (size_t i = 0; i < n; i++) {
        a[i].key = (uint32_t)key_of(x[a[i].index]);
        sorted = sorted && (i == 0 || a[i - 1].key <= a[i].key);
    }
    if (!sorted)
        sort(a, spare, n);
}

void order_increasing(const double *x, size_t n, uint32_t *ret_order)
{
    autofree struct keyed *a = room(n, sizeof *a), *spare = room(n, sizeof *spare);
    size_t end;

    assert(n < UINT32_MAX);
    for (size_t i = 0; i < n; i++)
        a[i] = (struct keyed){.key = (uint32_t)(key_of(x[i]) >> 32), .index = (uint32_t)i};
    sort(a, spare, n);
    for (size_t start = 0; start < n; start = end) {
        uint32_t upper = a[start].key;

        for (end = start + 1; end < n && a[end].key == upper; end++)
            ;
        if (end - start > 1)
            sort_run(x, a + start, spare, end - start);
    }
    for (size_t i = 0; i < n; i++)
        ret_order[i] = a[i].index;
}
