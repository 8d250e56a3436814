/* log: one whole line an event, limited by name, safe for what devices send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

/* The clock of this program, which a test may put ahead instead of waiting. */
static time_t ahead_s;

int clock_gettime(clockid_t which, struct timespec *ret)
{
    long rc = syscall(SYS_clock_gettime, which, ret);

    ret->tv_sec += ahead_s;
    return (int)rc;
}

/* Standard error goes to a file in memory while `write_lines` runs; what it wrote is returned. */
static const char *logged(void (*write_lines)(void))
{
    static char text[64 * 1024];
    int file = memfd_create("log", MFD_CLOEXEC), keep = dup(STDERR_FILENO);

    assert_true(file >= 0 && keep >= 0);
    dup2(file, STDERR_FILENO);
    write_lines();
    dup2(keep, STDERR_FILENO);
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    assert_true(n >= 0);
    text[n] = '\0';
    close(file);
    close(keep);
    return text;
}

static unsigned count_lines(const char *text)
{
    unsigned n = 0;

    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

static void write_each_level(void)
{
    log_error("test.level", "n=%d", 1);
    log_warn("test.level", "n=%d", 2);
    log_info("test.level", "n=%d", 3);
    log_debug("test.level", "n=%d", 4);
}

static void a_line_has_level_event_and_fields(void **state)
{
    (void)state;
    assert_string_equal(logged(write_each_level), "<3>test.level: n=1\n<4>test.level: n=2\n<6>test.level: n=3\n");
    log_set_level(LOG_LEVEL_DEBUG);
    assert_non_null(strstr(logged(write_each_level), "<7>test.level: n=4\n"));
    log_set_level(LOG_LEVEL_ERROR);
    assert_string_equal(logged(write_each_level), "<3>test.level: n=1\n");
    log_set_level(LOG_LEVEL_INFO);
}

static void write_a_flood(void)
{
    for (int i = 0; i < 1000; i++)
        log_info("test.flood", "n=%d", i);
    log_info("test.other", "n=%d", 1);
}

static void a_flood_of_one_event_does_not_silence_others(void **state)
{
    const char *text = logged(write_a_flood);
    (void)state;

    assert_int_equal(count_lines(text), 21);
    assert_non_null(strstr(text, "<6>test.flood: n=19\n"));
    assert_null(strstr(text, "test.flood: n=20\n"));
    assert_non_null(strstr(text, "<6>test.other: n=1\n"));
}

static void write_once_more(void)
{
    log_info("test.flood", "n=%d", 1000);
    log_info("test.flood", "n=%d", 1001);
}

static void what_was_held_back_is_told_in_the_next_window(void **state)
{
    (void)state;
    ahead_s += 9;
    assert_string_equal(logged(write_once_more), "");
    ahead_s += 2;
    assert_string_equal(logged(write_once_more), "<6>test.flood: n=1000 held_back=982\n<6>test.flood: n=1001\n");
}

static void write_a_long_line(void)
{
    char text[4000];

    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    log_info("test.long", "text=%s", text);
    log_info("test.after", "n=%d", 1);
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
    const char *text = logged(write_a_long_line);
    const char *second = strchr(text, '\n') + 1;
    (void)state;

    assert_in_range(second - text, 1000, 1024);
    assert_string_equal(second, "<6>test.after: n=1\n");
}

/* Fills a pipe or socket to the brim. Its description is shared, so the flag is taken off again. */
static void fill(int fd)
{
    static const char bytes[4096];
    int flags = fcntl(fd, F_GETFL);

    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    for (size_t n = sizeof bytes; n; n /= 2)
        while (write(fd, bytes, n) > 0)
            ;
    fcntl(fd, F_SETFL, flags);
}

static void drain(int fd)
{
    char bytes[65536];

    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
    struct pollfd in = {fd, POLLIN, 0};
    while (poll(&in, 1, 0) == 1 && read(fd, bytes, sizeof bytes) > 0)
        ;
}

static void a_reader_that_stalls_costs_lines_and_no_time(void **state)
{
    int ends[2][2], keep = dup(STDERR_FILENO);
    char text[2][256] = {"", ""};
    uint64_t before = log_dropped(), lost[2];
    (void)state;

    assert_int_equal(pipe(ends[0]), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends[1]), 0); /* as the journal's */
    alarm(20);                                                         /* a line that waits ends the program */
    for (int i = 0; i < 2; i++) {
        fill(ends[i][1]);
        dup2(ends[i][1], STDERR_FILENO);
        log_info("test.stalled", "n=%d", 1);
        log_warn("test.stalled_too", "n=%d", 2);
        lost[i] = log_dropped();
        drain(ends[i][0]);
        log_info("test.again", "n=%d", 3);
        log_info("test.again", "n=%d", 4);
        dup2(keep, STDERR_FILENO);
        ssize_t n = read(ends[i][0], text[i], sizeof text[i] - 1);
        text[i][n > 0 ? n : 0] = '\0';
        close(ends[i][0]);
        close(ends[i][1]);
    }
    alarm(0);
    close(keep);
    for (uint64_t i = 0; i < 2; i++) {
        assert_int_equal(lost[i], before + 2 * (i + 1));
        assert_string_equal(text[i], "<4>log.dropped: lines=2\n<6>test.again: n=3\n<6>test.again: n=4\n");
    }
}

static void what_devices_send_is_defused(void **state)
{
    static const struct {
        const char *text, *shown;
        unsigned size;
    } texts[] = {
        {"plain \xe7\xa9\xba", "plain \xe7\xa9\xba", 64},
        {"a\nb\r\x1b[0m\x7f", "a\\x0ab\\x0d\\x1b[0m\\x7f", 64},
        {"say \"x\" \\", "say \\x22x\\x22 \\x5c", 64},
        {NULL, "-", 64},
        {"", "", 64},
        {"abcdef", "abcde", 9}, /* a byte is taken only while an escaped one would fit */
        {"\n\n\n", "\\x0a", 8},
        {"abc", "", 4},
        {"abc", "", 1},
    };
    char buf[64];
    (void)state;

    for (size_t i = 0; i < countof(texts); i++) {
        memset(buf, '#', sizeof buf);
        assert_ptr_equal(log_text(texts[i].text, buf, texts[i].size), buf);
        assert_string_equal(buf, texts[i].shown);
        for (size_t k = texts[i].size; k < sizeof buf; k++)
            assert_int_equal(buf[k], '#');
    }
}

static void levels_have_words(void **state)
{
    static const char *const words[] = {"error", "warn", "info", "debug"};
    static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};
    enum log_level level;
    (void)state;

    for (size_t i = 0; i < countof(words); i++) {
        assert_true(log_level_from_word(words[i], &level));
        assert_int_equal(level, levels[i]);
    }
    level = LOG_LEVEL_WARN;
    assert_false(log_level_from_word("", &level));
    assert_false(log_level_from_word("Error", &level));
    assert_false(log_level_from_word("notice", &level));
    assert_int_equal(level, LOG_LEVEL_WARN);
}

/* The numbers are given back before anything is asserted, or the test could not say what it found. */
static void the_place_of_a_closed_standard_error_is_not_given_to_another_file(void **state)
{
    int keep = dup(STDERR_FILENO);
    (void)state;

    close(STDERR_FILENO);
    log_begin();
    int database = memfd_create("database", MFD_CLOEXEC);
    log_info("test.event", "lost=yes");
    off_t size = lseek(database, 0, SEEK_END);
    dup2(keep, STDERR_FILENO);
    close(keep);
    assert_true(database > STDERR_FILENO);
    assert_int_equal(size, 0);
    close(database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_level_event_and_fields),
        cmocka_unit_test(a_flood_of_one_event_does_not_silence_others),
        cmocka_unit_test(what_was_held_back_is_told_in_the_next_window),
        cmocka_unit_test(a_long_line_is_cut_and_still_ends),
        cmocka_unit_test(a_reader_that_stalls_costs_lines_and_no_time),
        cmocka_unit_test(what_devices_send_is_defused),
        cmocka_unit_test(levels_have_words),
        cmocka_unit_test(the_place_of_a_closed_standard_error_is_not_given_to_another_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
