/* order.c: least-significant-digit radix sort, six passes of eleven bits; a pass in which all digits agree is left out. */
#include "order.h"

#include "cleanup.h"
#include "room.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 6, DIGIT_VALUES = 1 << DIGIT_BITS, FEW = 24 };

struct keyed {
    uint64_t key;
    uint32_t index;
};

/* The bits of a double as an unsigned number of the same order: negative numbers are turned round. */
static uint64_t key_of(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static size_t digit(uint64_t key, unsigned place)
{
    return (size_t)(key >> (place * DIGIT_BITS)) & (DIGIT_VALUES - 1);
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

/* The sorted elements stand in a or b: whichever is returned. */
static const struct keyed *radix_sort(struct keyed *a, struct keyed *b, size_t n)
{
    autofree uint32_t *counts = room((size_t)DIGITS * DIGIT_VALUES, sizeof *counts);

    for (size_t i = 0; i < n; i++)
        for (unsigned place = 0; place < DIGITS; place++)
            counts[place * DIGIT_VALUES + digit(a[i].key, place)]++;
    for (unsigned place = 0; place < DIGITS; place++) {
        uint32_t *starts = counts + (size_t)place * DIGIT_VALUES;
        struct keyed *swap = a;

        if (!starts_from_counts(starts, n))
            continue;
        for (size_t i = 0; i < n; i++)
            b[starts[digit(a[i].key, place)]++] = a[i];
        a = b;
        b = swap;
    }
    return a;
}

void order_increasing(const double *x, size_t n, uint32_t *ret_order)
{
    autofree struct keyed *a = room(n, sizeof *a), *b = room(n, sizeof *b);
    const struct keyed *sorted = a;

    assert(n < UINT32_MAX);
    for (size_t i = 0; i < n; i++)
        a[i] = (struct keyed){.key = key_of(x[i]), .index = (uint32_t)i};
    if (n <= FEW)
        insertion_sort(a, n);
    else
        sorted = radix_sort(a, b, n);
    for (size_t i = 0; i < n; i++)
        ret_order[i] = sorted[i].index;
}
