/* refusal.c: see refusal.h. */
#include "refusal.h"

#include <assert.h>

static const char *const words[REFUSAL_COUNT] = {"none", "topic", "input", "limit", "newer", "unknown_device",
    "blocked_device", "epochs", "unknown_child", "children", "conditions"};

const char *refusal_word(enum refusal refusal)
{
    assert(refusal < REFUSAL_COUNT);
    return words[refusal];
}
