/* ticket.c: the printed number of a ticket and the words of its state. See ticket.h.
 *
 * Invariants
 *  1. A number is never given twice: it is counted per shard, inside the transaction that opens the ticket.
 *  2. One open ticket for a condition key. Reports of the same key only raise its count.
 *  3. The printed form is reversible: "FL-<shard, two hex digits>-<n, at least six digits>".
 *
 *   NEW ──► TRIAGED ──► ASSIGNED ──► IN_PROGRESS ──► RESOLVED ──► CLOSED
 *    │         │            │  ▲         │  ▲            └── reopened ──► ASSIGNED
 *    │         │            ▼  │         ▼  │
 *    │         └──────────► WAITING ◄───────┘
 *    └──► CANCELLED, from every state but CLOSED
 *   A device's ticket is born TRIAGED: the catalogue has set its class.
 */
#include "ticket.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

static const char *const states[TICKET_STATE_COUNT] = {
    "new", "triaged", "assigned", "in_progress", "waiting", "resolved", "closed", "cancelled"};

const char *ticket_state_word(enum ticket_state state)
{
    assert(state < TICKET_STATE_COUNT);
    return states[state];
}

const char *ticket_number_text(struct ticket_number number, char text[static TICKET_NUMBER_BYTES])
{
    snprintf(text, TICKET_NUMBER_BYTES, "FL-%02X-%06" PRId64, number.shard, number.n);
    return text;
}

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* 6 to 18 decimal digits to a count from 1. */
static bool parse_count(const char *text, int64_t *ret_n)
{
    size_t length = strspn(text, "0123456789");
    int64_t n = 0;

    if (length < 6 || length > 18 || text[length])
        return false;
    for (; *text; text++)
        n = n * 10 + (*text - '0');
    if (n < 1)
        return false;
    *ret_n = n;
    return true;
}

bool ticket_number_parse(const char *text, struct ticket_number *ret)
{
    int high, low;
    int64_t n;

    if (strncasecmp(text, "FL-", 3) != 0)
        return false;
    high = hex_value(text[3]);
    low = high < 0 ? -1 : hex_value(text[4]);
    if (low < 0 || text[5] != '-' || !parse_count(text + 6, &n))
        return false;
    *ret = (struct ticket_number){(uint8_t)(high * 16 + low), n};
    return true;
}
