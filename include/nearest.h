/* nearest.h: the word somebody meant who mistyped one: for "did you mean". Pure. Any thread. */
#ifndef FAULTLINE_NEAREST_H
#define FAULTLINE_NEAREST_H

#include <stddef.h>

/* The candidate that word is at most two slips away from (a letter missing, too many or wrong, two swapped), the nearest
 * and then the first of them; NULL when there is none. Words of more than 32 bytes are near to nothing. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);

#endif
