/* words.c: the one spelling of every enum that people and other programs see. See record.h. */
#include <assert.h>
#include <string.h>

#include "cleanup.h"
#include "record.h"

static const char *const lanes[LANE_COUNT] = {"fault", "health"};
static const char *const states[FAULT_STATE_COUNT] = {
    "untested", "pending", "confirmed", "healed", "stale", "cleared", "aged"};
static const char *const reporters[REPORTER_KIND_COUNT] = {
    "logical", "j1939_name", "can_addr", "modbus_unit", "matter_ep"};
static const char *const qualities[QUALITY_COUNT] = {"good", "torn", "truncated", "ambiguous", "replayed"};
static const char *const classes[CLASS_COUNT] = {"unset", "general", "important", "urgent"};
static const char *const losses[LOSS_CAUSE_COUNT] = {"evicted", "expired", "corrupt"};
static const char *const kinds[RECORD_KIND_COUNT] = {"fault", "snapshot", "health", "inventory", "lifecycle", "loss"};
static const char *const verdicts[VERDICT_KIND_COUNT] = {
    "stored", "opened", "joined", "suppressed", "refused", "duplicate"};

static const char *word_of(const char *const *words, size_t count, unsigned value)
{
    assert(value < count);
    return words[value];
}

const char *lane_word(enum lane lane)
{
    return word_of(lanes, countof(lanes), lane);
}

const char *fault_state_word(enum fault_state state)
{
    return word_of(states, countof(states), state);
}

const char *reporter_kind_word(enum reporter_kind kind)
{
    return word_of(reporters, countof(reporters), kind);
}

const char *quality_word(enum quality quality)
{
    return word_of(qualities, countof(qualities), quality);
}

const char *class_word(enum ticket_class class_)
{
    return word_of(classes, countof(classes), class_);
}

const char *loss_word(enum loss_cause cause)
{
    return word_of(losses, countof(losses), cause);
}

const char *record_word(enum record_kind kind)
{
    return word_of(kinds, countof(kinds), kind);
}

const char *verdict_word(enum verdict_kind kind)
{
    return word_of(verdicts, countof(verdicts), kind);
}

static bool find_word(const char *const *words, size_t count, const char *word, unsigned *ret)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0) {
            *ret = (unsigned)i;
            return true;
        }
    return false;
}

bool class_from_word(const char *word, enum ticket_class *ret_class)
{
    unsigned value;

    if (!find_word(classes, countof(classes), word, &value) || value == CLASS_UNSET)
        return false;
    *ret_class = value;
    return true;
}

bool fault_state_from_word(const char *word, enum fault_state *ret_state)
{
    unsigned value;

    if (!find_word(states, countof(states), word, &value))
        return false;
    *ret_state = value;
    return true;
}
