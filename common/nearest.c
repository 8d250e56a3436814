/* nearest.c: see nearest.h. */
#include "nearest.h"

#include <string.h>

enum { LONGEST_WORD = 32, NEAR = 2 };

/* Edits between two words (Levenshtein), with a swap of neighbours as one. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][LONGEST_WORD + 1];
    size_t n = strlen(a), m = strlen(b);

    if (n > LONGEST_WORD || m > LONGEST_WORD)
        return LONGEST_WORD;
    for (unsigned k = 0; k <= m; k++)
        rows[0][k] = k;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

        now[0] = (unsigned)i;
        for (size_t k = 1; k <= m; k++) {
            unsigned best = last[k - 1] + (a[i - 1] != b[k - 1]);

            if (last[k] + 1 < best)
                best = last[k] + 1;
            if (now[k - 1] + 1 < best)
                best = now[k - 1] + 1;
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] && before[k - 2] + 1 < best)
                best = before[k - 2] + 1;
            now[k] = best;
        }
    }
    return rows[n % 3][m];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
    unsigned best = NEAR + 1;
    const char *nearest = NULL;

    for (size_t i = 0; i < count; i++) {
        unsigned d = distance(word, candidates[i]);

        if (d < best && d < strlen(candidates[i])) {
            best = d;
            nearest = candidates[i];
        }
    }
    return nearest;
}
