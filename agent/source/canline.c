/* canline.c: the three writings of a CAN frame as text. See canline.h. */
#include "canline.h"

#include <string.h>

/* What is left of the line. Every step takes something off its front, or says no and leaves it as it was. */
struct rest {
    const char *at;
    size_t n;
};

static void skip(struct rest *r, size_t n)
{
    r->at += n;
    r->n -= n;
}

static void skip_spaces(struct rest *r)
{
    while (r->n > 0 && (*r->at == ' ' || *r->at == '\t'))
        skip(r, 1);
}

static bool take_char(struct rest *r, char c)
{
    if (r->n == 0 || *r->at != c)
        return false;
    skip(r, 1);
    return true;
}

/* The next word; false at the end of the line. */
static bool take_word(struct rest *r, struct rest *ret_word)
{
    size_t n = 0;

    skip_spaces(r);
    while (n < r->n && r->at[n] != ' ' && r->at[n] != '\t')
        n++;
    *ret_word = (struct rest){r->at, n};
    skip(r, n);
    return n > 0;
}

static bool is_word(const struct rest *r, const char *text)
{
    return r->n == strlen(text) && memcmp(r->at, text, r->n) == 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum { DIGITS_MAX = 10 };

/* What has more digits is no number of ours. */
static bool take_number(struct rest *r, int64_t *ret)
{
    size_t digits = 0;
    int64_t n = 0;

    for (; r->n > 0 && *r->at >= '0' && *r->at <= '9' && digits <= DIGITS_MAX; digits++) {
        n = n * 10 + (*r->at - '0');
        skip(r, 1);
    }
    *ret = n;
    return digits > 0 && digits <= DIGITS_MAX;
}

/* ".249713" as microseconds; further digits are cut; none is 0. */
static bool take_fraction(struct rest *r, int64_t *ret_us)
{
    int64_t us = 0, scale = 100000;

    *ret_us = 0;
    if (!take_char(r, '.'))
        return true;
    if (r->n == 0 || *r->at < '0' || *r->at > '9')
        return false;
    for (; r->n > 0 && *r->at >= '0' && *r->at <= '9'; scale /= 10) {
        us += (*r->at - '0') * scale;
        skip(r, 1);
    }
    *ret_us = us;
    return true;
}

/* ---- dates */

/* Days from 1970-01-01 to a date of the Gregorian calendar (years from March on, so that the leap day comes last). */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

/* "2020-01-07" as days since 1970-01-01. */
static bool take_date(struct rest *r, int64_t *ret_days)
{
    int64_t year, month, day;

    if (!take_number(r, &year) || !take_char(r, '-') || !take_number(r, &month) || !take_char(r, '-') ||
        !take_number(r, &day))
        return false;
    if (year < 1970 || year > 2106 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    *ret_days = days_from_date(year, month, day);
    return true;
}

/* "12:22:43.1281" as microseconds since midnight. */
static bool take_time_of_day(struct rest *r, int64_t *ret_us)
{
    int64_t hours, minutes, seconds, us;

    if (!take_number(r, &hours) || !take_char(r, ':') || !take_number(r, &minutes) || !take_char(r, ':') ||
        !take_number(r, &seconds) || !take_fraction(r, &us))
        return false;
    if (hours > 23 || minutes > 59 || seconds > 60)
        return false;
    *ret_us = ((hours * 60 + minutes) * 60 + seconds) * 1000000 + us;
    return true;
}

static const int64_t day_us = INT64_C(86400000000);

/* What stands between the parentheses of candump: seconds, or date and time. */
static bool read_stamp(struct rest r, int64_t *ret_us)
{
    struct rest date = r;
    int64_t whole, part;

    if (take_date(&date, &whole)) {
        skip_spaces(&date);
        if (!take_time_of_day(&date, &part) || date.n > 0)
            return false;
        *ret_us = whole * day_us + part;
        return true;
    }
    if (!take_number(&r, &whole) || !take_fraction(&r, &part) || r.n > 0)
        return false;
    *ret_us = whole * 1000000 + part;
    return *ret_us <= CANLINE_TIME_MAX_US;
}

/* "(…)" at the front, when there is one. */
static bool take_stamp(struct rest *r, struct can_frame_read *f)
{
    struct rest inside;

    skip_spaces(r);
    f->timed = take_char(r, '(');
    if (!f->timed)
        return true;
    skip_spaces(r);
    const char *end = memchr(r->at, ')', r->n);
    if (!end)
        return false;
    inside = (struct rest){r->at, (size_t)(end - r->at)};
    skip(r, inside.n + 1);
    return read_stamp(inside, &f->time_us);
}

/* ---- identifier and data */

enum { ID_IS_29_BITS = 0x1FFFFFFF };

/* 8 digits: 29 bits, or candump's flags for an error frame above them; 3 digits: 11 bits. */
static enum canline read_id(const struct rest *word, uint32_t *ret)
{
    uint32_t id = 0;

    if (word->n != 8 && word->n != 3)
        return CANLINE_MALFORMED;
    for (size_t i = 0; i < word->n; i++) {
        int digit = hex_digit(word->at[i]);

        if (digit < 0)
            return CANLINE_MALFORMED;
        id = id << 4 | (uint32_t)digit;
    }
    *ret = id;
    return word->n == 8 && id <= ID_IS_29_BITS ? CANLINE_FRAME : CANLINE_IGNORED;
}

static bool take_byte(struct rest *r, uint8_t *ret)
{
    int high = r->n >= 2 ? hex_digit(r->at[0]) : -1, low = r->n >= 2 ? hex_digit(r->at[1]) : -1;

    if (high < 0 || low < 0)
        return false;
    *ret = (uint8_t)(high << 4 | low);
    skip(r, 2);
    return true;
}

static enum canline malformed(const char **ret_why, const char *why)
{
    *ret_why = why;
    return CANLINE_MALFORMED;
}

/* "18FECA03#00FF00000000FFFF" */
static enum canline read_packed(struct rest word, struct can_frame_read *f, const char **ret_why)
{
    const char *hash = memchr(word.at, '#', word.n);
    struct rest id = {word.at, (size_t)(hash - word.at)};
    enum canline kind = read_id(&id, &f->id);

    if (kind == CANLINE_MALFORMED)
        return malformed(ret_why, "an identifier has 3 or 8 hexadecimal digits");
    skip(&word, id.n + 1);
    if (take_char(&word, '#') || (word.n > 0 && (*word.at == 'R' || *word.at == 'r')))
        return CANLINE_IGNORED; /* FD, remote */
    while (f->length < CAN_DATA_BYTES && take_byte(&word, &f->data[f->length]))
        f->length++;
    return word.n > 0 ? malformed(ret_why, "data are at most 8 pairs of hexadecimal digits") : kind;
}

/* "[8]" to 8. FD lengths are written with two digits: 9 stands for all of them. */
static bool take_length(struct rest *r, unsigned *ret)
{
    struct rest word;

    if (!take_word(r, &word) || word.n < 3 || word.n > 4 || word.at[0] != '[' || word.at[word.n - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < word.n; i++)
        if (word.at[i] < '0' || word.at[i] > '9')
            return false;
    *ret = word.n == 3 ? (unsigned)(word.at[1] - '0') : 9;
    return true;
}

/* "18FECA03   [8]  00 FF 00 00 00 00 FF FF", what follows (candump -a) is not looked at. */
static enum canline read_spaced(const struct rest *id, struct rest *r, struct can_frame_read *f, const char **ret_why)
{
    enum canline kind = read_id(id, &f->id);
    unsigned length;

    if (kind == CANLINE_MALFORMED)
        return malformed(ret_why, "an identifier has 3 or 8 hexadecimal digits");
    if (!take_length(r, &length))
        return malformed(ret_why, "no length in brackets");
    skip_spaces(r);
    if (length > CAN_DATA_BYTES || (r->n >= 6 && memcmp(r->at, "remote", 6) == 0))
        return CANLINE_IGNORED;
    for (; f->length < length; f->length++) {
        struct rest byte;

        if (!take_word(r, &byte) || byte.n != 2 || !take_byte(&byte, &f->data[f->length]))
            return malformed(ret_why, "fewer bytes than its length says");
    }
    return kind;
}

/* ---- the forms */

static bool set_interface(struct can_frame_read *f, const struct rest *word)
{
    if (word->n >= sizeof f->interface)
        return false;
    for (size_t i = 0; i < word->n; i++)
        if ((unsigned char)word->at[i] <= 0x20 || (unsigned char)word->at[i] >= 0x7f)
            return false;
    memcpy(f->interface, word->at, word->n);
    f->interface[word->n] = '\0';
    return true;
}

static enum canline read_candump(struct rest *r, struct can_frame_read *f, const char **ret_why)
{
    struct rest interface, word;

    if (!take_stamp(r, f))
        return malformed(ret_why, "the time is not one");
    if (!take_word(r, &interface) || !take_word(r, &word))
        return malformed(ret_why, "not a frame");
    if (!set_interface(f, &interface))
        return malformed(ret_why, "the interface's name is too long or has control characters");
    if (memchr(word.at, '#', word.n))
        return read_packed(word, f, ret_why);
    bool has_direction = is_word(&word, "RX") || is_word(&word, "TX"); /* candump -x: and two flags */
    for (unsigned i = 0; has_direction && i < 3; i++)
        if (!take_word(r, &word))
            return malformed(ret_why, "not a frame");
    return read_spaced(&word, r, f, ret_why);
}

/* The logger writes later than the frame came: around midnight its date is the next one. */
static int64_t moment(int64_t logged_days, int64_t logged_us, int64_t frame_us)
{
    return (frame_us > logged_us + day_us / 2 ? logged_days - 1 : logged_days) * day_us + frame_us;
}

/* The time of day in front of the identifier, among the words of the logger. */
static bool take_frame_time(struct rest *r, int64_t *ret_us)
{
    struct rest word;

    while (take_word(r, &word))
        if (take_time_of_day(&word, ret_us) && word.n == 0)
            return true;
    return false;
}

static enum canline read_rp1210(struct rest *r, int64_t days, struct can_frame_read *f, const char **ret_why)
{
    struct rest clock, id;
    int64_t logged_us, frame_us;

    if (!take_word(r, &clock) || !take_time_of_day(&clock, &logged_us) || clock.n > 0)
        return malformed(ret_why, "the time is not one");
    if (!take_frame_time(r, &frame_us) || !take_word(r, &id))
        return malformed(ret_why, "not a frame");
    f->timed = true;
    f->time_us = moment(days, logged_us, frame_us);
    return read_spaced(&id, r, f, ret_why);
}

enum canline canline_parse(const char *line, size_t n, struct can_frame_read *ret, const char **ret_why)
{
    struct rest r = {line, n}, date;
    struct can_frame_read f = {.timed = false};
    enum canline kind;
    int64_t days;

    if (r.n > 0 && r.at[r.n - 1] == '\r')
        r.n--;
    skip_spaces(&r);
    if (r.n == 0 || *r.at == '#' || *r.at == ';')
        return CANLINE_IGNORED;
    date = r;
    kind = take_date(&date, &days) ? read_rp1210(&date, days, &f, ret_why) : read_candump(&r, &f, ret_why);
    if (kind == CANLINE_FRAME)
        *ret = f;
    return kind;
}
