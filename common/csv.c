/* csv.c: a small state machine over bytes. See csv.h. */
#include "csv.h"

#include <string.h>

enum state {
    AT_START, /* of a field */
    UNQUOTED,
    QUOTED,
    CLOSED, /* behind a closing quote: a comma, a line end or a second quote may follow */
};

void csv_init(struct csv *c, FILE *in)
{
    c->in = in;
    c->line = 0;
    c->lines_read = 0;
    c->count = 0;
}

/* Leaves the reader behind the line that was refused. */
static int refuse(struct csv *c, int last, struct fail *f, enum fail_code code, const char *why)
{
    while (last != '\n' && last != EOF)
        last = getc(c->in);
    if (last == '\n')
        c->lines_read++;
    return fail_set(f, code, "line %u: %s", c->line, why);
}

static void skip_byte_order_mark(struct csv *c)
{
    static const int mark[] = {0xef, 0xbb, 0xbf};

    for (size_t i = 0; i < countof(mark); i++) {
        int byte = getc(c->in);

        if (byte != mark[i]) {
            ungetc(byte, c->in);
            return;
        }
    }
}

/* Passes over empty lines; returns the row's first byte or EOF. */
static int first_byte(struct csv *c)
{
    int byte;

    if (c->lines_read == 0)
        skip_byte_order_mark(c);
    while ((byte = getc(c->in)) == '\n' || byte == '\r')
        c->lines_read += byte == '\n';
    c->line = c->lines_read + 1;
    return byte;
}

static bool start_field(struct csv *c, size_t used)
{
    if (c->count == CSV_FIELDS)
        return false;
    c->fields[c->count++] = c->row + used;
    return true;
}

/* What a byte means in a state: a byte of the field, the end of the field, the end of the row, or a breach. */
enum meaning { KEEP, PASS_OVER, END_FIELD, END_ROW, BREACH };

static enum meaning meaning_of(enum state *state, int byte)
{
    bool ends_row = byte == '\n' || byte == EOF;

    switch (*state) {
    case QUOTED:
        if (byte == EOF || byte == '\0')
            return BREACH;
        if (byte != '"')
            return KEEP;
        *state = CLOSED;
        return PASS_OVER;
    case CLOSED:
        if (byte == '"') {
            *state = QUOTED;
            return KEEP;
        }
        if (byte == '\r')
            return PASS_OVER;
        return ends_row ? END_ROW : byte == ',' ? END_FIELD : BREACH;
    case AT_START:
        if (byte == '"') {
            *state = QUOTED;
            return PASS_OVER;
        }
        *state = UNQUOTED;
        __attribute__((fallthrough));
    case UNQUOTED:
        if (byte == '"' || byte == '\0')
            return BREACH;
        if (byte == '\r')
            return PASS_OVER;
        return ends_row ? END_ROW : byte == ',' ? END_FIELD : KEEP;
    }
    return BREACH;
}

static int read_row(struct csv *c, int byte, struct fail *f)
{
    enum state state = AT_START;
    size_t used = 0;

    c->count = 0;
    start_field(c, used);
    for (;; byte = getc(c->in)) {
        enum meaning meaning = meaning_of(&state, byte);

        if (meaning == BREACH)
            return refuse(
                c, byte, f, FAIL_INPUT, byte == EOF ? "a quote is left open" : "a quote or byte out of place");
        if (used + 1 >= CSV_ROW_BYTES)
            return refuse(c, byte, f, FAIL_LIMIT, "the row is longer than 65536 bytes");
        c->lines_read += byte == '\n';
        if (meaning == KEEP) {
            c->row[used++] = (char)byte;
        } else if (meaning == END_ROW) {
            c->row[used] = '\0';
            return 0;
        } else if (meaning == END_FIELD) {
            c->row[used++] = '\0';
            state = AT_START;
            if (!start_field(c, used))
                return refuse(c, byte, f, FAIL_LIMIT, "the row has more than 64 fields");
        }
    }
}

int csv_next(struct csv *c, bool *ret_row, struct fail *f)
{
    int byte = first_byte(c);

    if (byte == EOF) {
        if (ferror(c->in))
            return fail_sys(f, "line %u", c->line);
        *ret_row = false;
        return 0;
    }
    if (read_row(c, byte, f))
        return -1;
    *ret_row = true;
    return 0;
}
