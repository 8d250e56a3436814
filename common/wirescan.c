/* wirescan.c: one pass over the bytes of a message that holds them against the table of wireschema.c. See
 * wirescan.h. The encoding is that of protobuf.dev/programming-guides/encoding. */
#include "wirescan.h"

#include "utf8.h"
#include "wireschema.h"

/* ---------------------------------------------------------------- reading */

struct cursor {
    const uint8_t *at, *end;
};

struct scan {
    size_t unknown_bytes;
    struct wire_span *records; /* NULL = nobody asks */
    size_t record_count;
};

static bool read_varint(struct cursor *c, int max_bytes, uint64_t *ret)
{
    uint64_t v = 0;

    for (int i = 0; i < max_bytes && c->at < c->end; i++) {
        uint8_t byte = *c->at++;

        if (i == 9 && byte > 1)
            return false; /* more than 64 bits */
        v |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *ret = v;
            return true;
        }
    }
    return false;
}

/* A length, then so many bytes. */
static bool read_span(struct cursor *c, struct wire_span *ret)
{
    uint64_t n;

    if (!read_varint(c, 5, &n) || n > (size_t)(c->end - c->at))
        return false;
    *ret = (struct wire_span){c->at, (size_t)n};
    c->at += n;
    return true;
}

static bool skip_bytes(struct cursor *c, size_t n)
{
    if (n > (size_t)(c->end - c->at))
        return false;
    c->at += n;
    return true;
}

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_SPAN = 2, WIRE_FIXED32 = 5 };

static bool skip_value(struct cursor *c, uint32_t wire_type)
{
    struct wire_span span;
    uint64_t v;

    switch (wire_type) {
    case WIRE_VARINT:
        return read_varint(c, 10, &v);
    case WIRE_FIXED64:
        return skip_bytes(c, 8);
    case WIRE_SPAN:
        return read_span(c, &span);
    case WIRE_FIXED32:
        return skip_bytes(c, 4);
    default:
        return false; /* groups were never part of proto3 */
    }
}

/* ---------------------------------------------------------------- texts */

static bool is_code_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

static int check_clean(const struct wire_span *text, bool lines, struct fail *f)
{
    for (size_t i = 0; i < text->n;) {
        uint8_t c = text->bytes[i];
        bool plain = (c >= 0x20 && c < 0x7f) || (lines && (c == '\n' || c == '\r' || c == '\t'));
        size_t length = plain ? 1 : utf8_length(text->bytes + i, text->n - i);

        if (!length)
            return fail_set(f, FAIL_INPUT, "byte 0x%02x at %zu, not clean UTF-8", c, i);
        i += length;
    }
    return 0;
}

static int check_text(const struct field *field, const struct wire_span *text, struct fail *f)
{
    if (text->n > field->max)
        return fail_set(f, FAIL_LIMIT, "%zu bytes, at most %u allowed", text->n, (unsigned)field->max);
    if (field->sub == A_CLEAN || field->sub == A_LINES)
        return check_clean(text, field->sub == A_LINES, f);
    for (size_t i = 0; i < text->n; i++)
        if (!is_code_byte(text->bytes[i]) && !(field->sub == A_NAME && text->bytes[i] == ':'))
            return fail_set(f, FAIL_INPUT, "byte 0x%02x, only letters, digits and %s allowed", text->bytes[i],
                field->sub == A_NAME ? "._-:" : "._-");
    return 0;
}

/* ---------------------------------------------------------------- one field, one message */

static int scan_message(
    struct scan *scan, const struct schema *schema, const struct wire_span *span, unsigned depth, struct fail *f);

static int cut_short(struct fail *f)
{
    return fail_set(f, FAIL_INPUT, "cut short or malformed");
}

static int scan_number(const struct field *field, struct cursor *c, bool *ret_given, struct fail *f)
{
    uint64_t v;

    if (!read_varint(c, 10, &v))
        return cut_short(f);
    if (v > field->max)
        return fail_set(f, FAIL_INPUT, "%llu on the wire, at most %llu allowed", (unsigned long long)v,
            (unsigned long long)field->max);
    *ret_given = v != 0;
    return 0;
}

static int scan_fixed64(const struct field *field, struct cursor *c, bool *ret_given, struct fail *f)
{
    const uint8_t *at = c->at;
    uint32_t exponent;

    if (!skip_bytes(c, 8))
        return cut_short(f);
    exponent = (uint32_t)(at[7] & 0x7f) << 4 | at[6] >> 4; /* little-endian; IEEE 754: all ones is inf or NaN */
    if (field->kind == K_DOUBLE && exponent == 0x7ff)
        return fail_set(f, FAIL_INPUT, "not a finite number");
    *ret_given = false;
    for (int i = 0; i < 8; i++)
        *ret_given = *ret_given || at[i] != 0;
    return 0;
}

static int scan_span(
    struct scan *scan, const struct field *field, struct cursor *c, unsigned depth, bool *ret_given, struct fail *f)
{
    struct wire_span span;

    if (!read_span(c, &span))
        return cut_short(f);
    *ret_given = span.n != 0;
    if (field->kind == K_TEXT)
        return check_text(field, &span, f);
    if (span.n > field->max)
        return fail_set(f, FAIL_LIMIT, "%zu bytes, at most %u allowed", span.n, (unsigned)field->max);
    if (field->kind == K_BYTES)
        return 0;
    if (field->sub == M_RECORD && scan->records)
        scan->records[scan->record_count++] = span;
    *ret_given = true;
    return scan_message(scan, &wireschema[field->sub], &span, depth + 1, f);
}

static int scan_value(struct scan *scan, const struct field *field, struct cursor *c, uint32_t wire_type,
    unsigned depth, bool *ret_given, struct fail *f)
{
    static const uint8_t wire_types[] = {
        [K_NUMBER] = WIRE_VARINT,
        [K_FIXED64] = WIRE_FIXED64,
        [K_DOUBLE] = WIRE_FIXED64,
        [K_TEXT] = WIRE_SPAN,
        [K_BYTES] = WIRE_SPAN,
        [K_MESSAGE] = WIRE_SPAN,
    };

    if (wire_type != wire_types[field->kind])
        return fail_set(f, FAIL_INPUT, "wire type %u instead of %u", wire_type, wire_types[field->kind]);
    if (wire_type == WIRE_VARINT)
        return scan_number(field, c, ret_given, f);
    if (wire_type == WIRE_FIXED64)
        return scan_fixed64(field, c, ret_given, f);
    return scan_span(scan, field, c, depth, ret_given, f);
}

/* One message's tally: how often each field stood, and which required ones had a value. */
struct tally {
    uint16_t count[FIELD_NUMBERS];
    uint32_t given;
};

static int scan_known(struct scan *scan, const struct schema *schema, uint32_t number, uint32_t wire_type,
    struct cursor *c, unsigned depth, struct tally *tally, struct fail *f)
{
    const struct field *field = &schema->fields[number];
    unsigned index = tally->count[number]++;
    bool given = false;

    if (index >= (field->list ? field->list : 1u))
        return field->list ? fail_set(f, FAIL_LIMIT, "%s: more than %u", field->name, field->list)
                           : fail_set(f, FAIL_INPUT, "%s: given twice", field->name);
    if (scan_value(scan, field, c, wire_type, depth, &given, f) < 0)
        return field->list ? fail_add(f, "%s[%u]", field->name, index) : fail_add(f, "%s", field->name);
    if (given)
        tally->given |= 1u << number;
    return 0;
}

static int scan_unknown(
    struct scan *scan, uint32_t number, uint32_t wire_type, struct cursor *c, const uint8_t *start, struct fail *f)
{
    if (number == 0 || !skip_value(c, wire_type))
        return fail_set(f, FAIL_INPUT, "unknown field %u: cut short or malformed", number);
    scan->unknown_bytes += (size_t)(c->at - start);
    if (scan->unknown_bytes > BOUND_WIRE_UNKNOWN_BYTES)
        return fail_set(f, FAIL_LIMIT, "unknown fields: more than %d bytes", BOUND_WIRE_UNKNOWN_BYTES);
    return 0;
}

static int check_tally(const struct schema *schema, const struct tally *tally, struct fail *f)
{
    unsigned alternatives = 0;

    for (uint32_t i = 1; i < schema->count; i++) {
        bool alternative = schema->oneof & 1u << i;

        if (schema->fields[i].required && !(tally->given & 1u << i) && (!alternative || tally->count[i]))
            return fail_set(f, FAIL_INPUT, "%s: missing or 0", schema->fields[i].name);
        alternatives += alternative ? tally->count[i] : 0;
    }
    if (schema->oneof && alternatives != 1)
        return fail_set(f, FAIL_INPUT, "%s: %u of the known kinds stand, not 1", schema->union_name, alternatives);
    return 0;
}

static int scan_message(
    struct scan *scan, const struct schema *schema, const struct wire_span *span, unsigned depth, struct fail *f)
{
    struct cursor c = {span->bytes, span->bytes + span->n};
    struct tally tally = {0};

    if (depth > BOUND_WIRE_DEPTH)
        return fail_set(f, FAIL_LIMIT, "nested deeper than %d", BOUND_WIRE_DEPTH);
    while (c.at < c.end) {
        const uint8_t *start = c.at;
        uint64_t tag;

        if (!read_varint(&c, 5, &tag) || tag > UINT32_MAX)
            return cut_short(f);
        uint32_t number = (uint32_t)tag >> 3, wire_type = tag & 7;
        int rc = number < schema->count && schema->fields[number].name
                     ? scan_known(scan, schema, number, wire_type, &c, depth, &tally, f)
                     : scan_unknown(scan, number, wire_type, &c, start, f);
        if (rc < 0)
            return -1;
    }
    return check_tally(schema, &tally, f);
}

/* ---------------------------------------------------------------- the three roots */

static int check_size(size_t n, size_t max, struct fail *f)
{
    if (n > max)
        return fail_set(f, FAIL_LIMIT, "%zu bytes, at most %zu allowed", n, max);
    return 0;
}

int wirescan_uplink(const uint8_t *bytes, size_t n, struct wire_span ret_records[static BOUND_UPLINK_RECORDS],
    size_t *ret_count, struct fail *f)
{
    struct scan scan = {.records = ret_records};

    if (check_size(n, BOUND_UPLINK_BYTES, f) < 0 ||
        scan_message(&scan, &wireschema[M_UPLINK], &(struct wire_span){bytes, n}, 1, f) < 0)
        return -1;
    *ret_count = scan.record_count;
    return 0;
}

int wirescan_record(const uint8_t *bytes, size_t n, struct fail *f)
{
    struct scan scan = {0};

    if (check_size(n, BOUND_RECORD_BYTES, f) < 0)
        return -1;
    return scan_message(&scan, &wireschema[M_RECORD], &(struct wire_span){bytes, n}, 2, f);
}

int wirescan_receipt(const uint8_t *bytes, size_t n, struct fail *f)
{
    struct scan scan = {0};

    if (check_size(n, BOUND_RECEIPT_BYTES, f) < 0)
        return -1;
    return scan_message(&scan, &wireschema[M_RECEIPT], &(struct wire_span){bytes, n}, 1, f);
}
