/* replay: recordings in, changes of state out: our own recording, and the real ones beside the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "replay.h"

#define SHARED "../shared/data/j1939/"
#define OWN "configs/demo/engine.candump"

struct run {
    int result;
    struct fail f;
    char *out, *talk;
    size_t out_bytes, talk_bytes;
};

static void run_free(struct run *r)
{
    free(r->out);
    free(r->talk);
}

static struct run run_with(const char *path, bool json, const struct monitor_policy *policy)
{
    struct run r = {.result = 0};
    FILE *out = open_memstream(&r.out, &r.out_bytes), *talk = open_memstream(&r.talk, &r.talk_bytes);

    assert_non_null(out);
    assert_non_null(talk);
    r.result = replay_j1939(path, json, policy, policy != NULL, out, talk, &r.f);
    fclose(out);
    fclose(talk);
    return r;
}

static struct run run_json(const char *path)
{
    return run_with(path, true, NULL);
}

static void need_shared(const char *path)
{
    if (access(path, R_OK) == 0)
        return;
    print_message("%s is not there: skipped\n", path);
    skip();
}

static uint64_t counted(const struct run *r, const char *name)
{
    const char *at = strstr(r->talk, name);

    if (!at)
        fail_msg("no %s in \"%s\"", name, r->talk);
    return strtoull(at + strlen(name), NULL, 10);
}

static const char *field(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    if (!text)
        fail_msg("no text \"%s\"", name);
    return text;
}

static int64_t number(const json_t *o, const char *name)
{
    const json_t *n = json_object_get(o, name);

    if (!json_is_integer(n))
        fail_msg("no number \"%s\"", name);
    return json_integer_value(n);
}

/* One line for each change: "SECONDS.MS SPN/FMI from>to". t is counted from the first of the day. */
static void transcript(const struct run *r, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (const char *line = r->out; *line; line = strchr(line, '\n') + 1) {
        json_t *o = json_loadb(line, strcspn(line, "\n"), 0, NULL);

        assert_non_null(o);
        used += (size_t)snprintf(text + used, size - used, "%s %lld/%lld %s>%s\n", field(o, "t") + 14,
            (long long)number(o, "spn"), (long long)number(o, "fmi"), field(o, "from"), field(o, "to"));
        json_decref(o);
        assert_true(used < size);
    }
}

static void expect_transcript(const char *path, const char *expected)
{
    static char text[16384];
    struct run r = run_json(path);

    if (r.result != 0)
        fail_msg("%s", r.f.text);
    transcript(&r, text, sizeof text);
    assert_string_equal(text, expected);
    run_free(&r);
}

/* The last change of a fault, as an object of the caller's. */
static json_t *last_of(const struct run *r, int64_t spn, int64_t fmi)
{
    json_t *last = NULL;

    for (const char *line = r->out; *line; line = strchr(line, '\n') + 1) {
        json_t *o = json_loadb(line, strcspn(line, "\n"), 0, NULL);

        assert_non_null(o);
        if (number(o, "spn") == spn && number(o, "fmi") == fmi) {
            json_decref(last);
            last = o;
        } else {
            json_decref(o);
        }
    }
    if (!last)
        fail_msg("nothing of %lld/%lld", (long long)spn, (long long)fmi);
    return last;
}

static unsigned lines_with(const struct run *r, const char *text)
{
    unsigned n = 0;

    for (const char *at = r->out; (at = strstr(at, text)); at++)
        n++;
    return n;
}

/* ---- real recordings */

static void a_truck_has_three_faults_and_two_codes_that_flap(void **state)
{
    (void)state;
    need_shared(SHARED "truck_normal.log");
    struct run r = run_json(SHARED "truck_normal.log");

    assert_int_equal(r.result, 0);
    assert_int_equal(counted(&r, "frames="), 19957);
    assert_int_equal(counted(&r, "malformed="), 0);
    assert_int_equal(counted(&r, "codes="), 5);
    assert_int_equal(counted(&r, "naive_openings="), 7);
    assert_int_equal(counted(&r, " confirmed="), 3);
    assert_int_equal(lines_with(&r, "\"to\":\"confirmed\""), 3);
    assert_int_equal(lines_with(&r, "\"to\":\"pending\""), 7);
    static const int flapping[][2] = {{96, 3}, {829, 3}};
    for (size_t i = 0; i < 2; i++) {
        json_t *last = last_of(&r, flapping[i][0], flapping[i][1]);

        assert_string_equal(field(last, "to"), "untested");
        assert_int_equal(number(last, "flaps"), 2);
        assert_int_equal(number(last, "occurrences"), 0);
        assert_int_equal(number(json_object_get(last, "reporter"), "sa"), 0x31);
        json_decref(last);
    }
    run_free(&r);
}

static void an_engine_thrown_off_its_address_is_stale_not_healed(void **state)
{
    static const struct {
        int spn, fmi;
        const char *to, *subject;
        bool named;
    } ends[] = {{191, 9, "stale", "", true}, {84, 9, "stale", "", true}, {5357, 31, "stale", "", true},
        /* what the others say about it is one group */
        {1483, 9, "confirmed", "ecu:0", false}, {2000, 9, "confirmed", "ecu:0", false},
        {2003, 31, "confirmed", "ecu:0", false}};
    (void)state;
    need_shared(SHARED "truck_address_claim_attack.log");
    struct run r = run_json(SHARED "truck_address_claim_attack.log");

    assert_int_equal(r.result, 0);
    assert_int_equal(counted(&r, "codes="), 6);
    assert_int_equal(lines_with(&r, "\"to\":\"healed\""), 0);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        json_t *last = last_of(&r, ends[i].spn, ends[i].fmi), *reporter = json_object_get(last, "reporter");

        assert_string_equal(field(last, "to"), ends[i].to);
        assert_string_equal(field(last, "subject"), ends[i].subject);
        if (ends[i].named)
            assert_string_equal(field(reporter, "name"), "00000000014eb8f4"); /* identity 964852, manufacturer 10 */
        else
            assert_true(json_is_null(json_object_get(reporter, "name")));
        json_decref(last);
    }
    run_free(&r);
}

/* The brake controller's six codes come in a list of four packets every second, whatever happens to the other
 * transfers; the first transfer's beginning is not in the recording. */
static void blocked_transfers_of_one_controller_do_not_disturb_another(void **state)
{
    (void)state;
    need_shared(SHARED "bench_BAM_Block_attack.txt");
    struct run r = run_json(SHARED "bench_BAM_Block_attack.txt");

    assert_int_equal(r.result, 0);
    assert_int_equal(counted(&r, "dm1="), 29);
    assert_int_equal(counted(&r, "codes="), 6);
    assert_int_equal(counted(&r, "naive_openings="), 6);
    assert_int_equal(counted(&r, " confirmed="), 6);
    assert_int_equal(counted(&r, " flaps="), 0);
    run_free(&r);
}

/* Five controllers, four lists each, all without a code; every line of the tool's log is a frame. */
static void an_rp1210_log_is_read_whole(void **state)
{
    (void)state;
    need_shared(SHARED "engine_rp1210_j1939_840.log");
    struct run r = run_json(SHARED "engine_rp1210_j1939_840.log");

    assert_int_equal(r.result, 0);
    assert_int_equal(counted(&r, "frames="), 2645);
    assert_int_equal(counted(&r, "malformed="), 0);
    assert_int_equal(counted(&r, "dm1="), 20);
    assert_int_equal(counted(&r, "codes="), 0);
    assert_string_equal(r.out, "");
    run_free(&r);
}

/* ---- our own recording, and what may be done to it */

static const char own_transcript[] = "00:09.075Z 789/2 untested>pending\n"
                                     "00:09.075Z 790/2 untested>pending\n"
                                     "00:09.075Z 791/2 untested>pending\n"
                                     "00:09.075Z 792/2 untested>pending\n"
                                     "00:09.075Z 802/4 untested>pending\n"
                                     "00:09.075Z 792/7 untested>pending\n"
                                     "00:12.075Z 789/2 pending>confirmed\n"
                                     "00:12.075Z 790/2 pending>confirmed\n"
                                     "00:12.075Z 791/2 pending>confirmed\n"
                                     "00:12.075Z 792/2 pending>confirmed\n"
                                     "00:12.075Z 802/4 pending>confirmed\n"
                                     "00:12.075Z 792/7 pending>confirmed\n"
                                     "00:13.847Z 96/3 untested>pending\n"
                                     "00:13.847Z 829/3 untested>pending\n"
                                     "00:14.627Z 96/3 pending>untested\n"
                                     "00:14.627Z 829/3 pending>untested\n"
                                     "00:18.847Z 96/3 untested>pending\n"
                                     "00:18.847Z 829/3 untested>pending\n"
                                     "00:19.627Z 96/3 pending>untested\n"
                                     "00:19.627Z 829/3 pending>untested\n"
                                     "00:25.075Z 534/19 untested>pending\n"
                                     "00:25.075Z 4334/4 untested>pending\n"
                                     "00:26.075Z 534/19 pending>untested\n"
                                     "00:26.075Z 4334/4 pending>untested\n"
                                     "00:34.870Z 789/2 confirmed>healed\n"
                                     "00:34.870Z 790/2 confirmed>healed\n"
                                     "00:34.870Z 791/2 confirmed>healed\n"
                                     "00:34.870Z 792/2 confirmed>healed\n"
                                     "00:34.870Z 802/4 confirmed>healed\n"
                                     "00:34.870Z 792/7 confirmed>healed\n";

static void flapping_codes_and_a_torn_list_confirm_nothing(void **state)
{
    (void)state;
    expect_transcript(OWN, own_transcript);
}

static void a_line_has_the_promised_keys(void **state)
{
    struct run r = run_json(OWN);
    json_t *last = last_of(&r, 789, 2), *lamps = json_object_get(last, "lamps");
    (void)state;

    assert_string_equal(field(last, "t"), "2026-01-01T08:00:34.870Z");
    assert_string_equal(field(last, "ns"), "j1939");
    assert_string_equal(field(last, "bus"), "can0");
    assert_string_equal(field(json_object_get(last, "reporter"), "name"), "010045000145f710");
    assert_int_equal(number(json_object_get(last, "reporter"), "sa"), 11);
    assert_string_equal(field(last, "component"), "");
    assert_int_equal(number(last, "oc"), 126);
    assert_int_equal(number(last, "occurrences"), 1);
    assert_int_equal(number(last, "flaps"), 1);
    assert_string_equal(field(last, "quality"), "good");
    assert_string_equal(field(lamps, "mil"), "off");
    assert_string_equal(field(lamps, "awl"), "off");
    json_decref(last);
    run_free(&r);
}

static void a_table_for_people_has_the_same_changes(void **state)
{
    struct run r = run_with(OWN, false, NULL);
    unsigned lines = 0;
    (void)state;

    for (const char *at = r.out; *at; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 1 + 30);
    assert_non_null(strstr(r.out, "010045000145f710    789   2  pending   confirmed 126      1     0 good"));
    run_free(&r);
}

static void a_policy_of_ones_own_is_used(void **state)
{
    struct monitor_policy p = monitor_policy_default("j1939");
    (void)state;

    p.confirm_lists = 30;
    p.flap_limit = 1; /* not used: a replay shows all */
    struct run r = run_with(OWN, true, &p);
    assert_int_equal(lines_with(&r, "\"to\":\"confirmed\""), 0);
    assert_int_equal(lines_with(&r, "\"to\":\"pending\""), 14);
    assert_int_equal(lines_with(&r, "\"to\":\"untested\""), 14);
    run_free(&r);
}

/* Our recording, each line through edit(), in a file of its own. */
static char *edited(void (*edit)(const char *line, unsigned number, FILE *out))
{
    static char path[] = "/tmp/faultline-replay-XXXXXX";
    char line[256];
    unsigned number = 0;

    strcpy(path, "/tmp/faultline-replay-XXXXXX");
    FILE *in = fopen(OWN, "r"), *out = fdopen(mkstemp(path), "w");
    assert_non_null(in);
    assert_non_null(out);
    while (fgets(line, sizeof line, in))
        edit(line, number++, out);
    fclose(in);
    fclose(out);
    return path;
}

static void check_edit(void (*edit)(const char *line, unsigned number, FILE *out))
{
    char *path = edited(edit);

    expect_transcript(path, own_transcript);
    unlink(path);
}

static bool split(const char *line, double *t, char *interface, char *id, char *data)
{
    return sscanf(line, "(%lf) %16s %8[0-9A-F]#%16s", t, interface, id, data) == 4;
}

static void as_spaced(const char *line, unsigned n, FILE *out)
{
    char interface[17], id[9], data[17];
    double t;
    (void)n;

    if (!split(line, &t, interface, id, data))
        return;
    fprintf(out, " (%.6f)  %s  %s   [%zu] ", t, interface, id, strlen(data) / 2);
    for (size_t i = 0; data[i]; i += 2)
        fprintf(out, " %.2s", data + i);
    fputc('\n', out);
}

static void as_windows(const char *line, unsigned n, FILE *out)
{
    (void)n;
    fprintf(out, "%.*s\r\n", (int)strcspn(line, "\n"), line);
}

static void everything_twice(const char *line, unsigned n, FILE *out)
{
    (void)n;
    fprintf(out, "%s%s", line, line);
}

static void with_debris(const char *line, unsigned n, FILE *out)
{
    static const char *const debris[] = {"(1767254400.0) can0 18FECA03#0G\n", "\n", "nonsense\n", "# more\n",
        "(1767254400.0) can0 123#00\n", "(1767254400.0) can0 18FECA03##100\n", "(1767254400.0) can0 18FECA03#R\n",
        "(999", "(1767254400.0) can0 18FECA03#00FFD007097FFFFFFF\n"};
    const char *d = debris[n % (sizeof debris / sizeof debris[0])];

    fprintf(out, "%s%s%s", line, d, strchr(d, '\n') ? "" : "\n");
}

/* Some frames come later than their time says, as in captures of two interfaces that were merged. */
static void out_of_order(const char *line, unsigned n, FILE *out)
{
    char interface[17], id[9], data[17];
    double t;

    if (!split(line, &t, interface, id, data) || strcmp(id, "0CF00400") != 0)
        fputs(line, out);
    else
        fprintf(out, "(%.6f) %s %s#%s\n", t - (n % 2 ? 0.3 : 0.0), interface, id, data);
}

static void both_writings_and_any_debris_give_the_same_changes(void **state)
{
    (void)state;
    check_edit(as_spaced);
    check_edit(as_windows);
    check_edit(everything_twice);
    check_edit(with_debris);
    check_edit(out_of_order);
}

static void two_buses(const char *line, unsigned n, FILE *out)
{
    char interface[17], id[9], data[17];
    double t;

    (void)n;
    if (!split(line, &t, interface, id, data))
        return;
    fprintf(out, "(%.6f) vcan0 %s#%s\n(%.6f) slcan-1 %s#%s\n", t, id, data, t, id, data);
}

static void buses_are_told_apart_by_interface(void **state)
{
    char *path = edited(two_buses);
    struct run r = run_json(path);
    (void)state;

    assert_int_equal(lines_with(&r, "\"bus\":\"vcan0\""), 30);
    assert_int_equal(lines_with(&r, "\"bus\":\"slcan-1\""), 30);
    assert_int_equal(counted(&r, "codes="), 20);
    run_free(&r);
    unlink(path);
}

static void twice_in_a_row(const char *line, unsigned n, FILE *out)
{
    static char first[32768];

    if (n == 0)
        first[0] = '\0';
    assert_true(strlen(first) + strlen(line) < sizeof first);
    strcat(first, line);
    fputs(line, out);
    if (strstr(line, "(1767254439.8707") == line) /* the last */
        fputs(first, out);
}

static void a_recording_behind_another_goes_on(void **state)
{
    char *path = edited(twice_in_a_row);
    struct run r = run_json(path);
    json_t *last;
    (void)state;

    assert_int_equal(r.result, 0);
    assert_int_equal(lines_with(&r, "\"to\":\"confirmed\""), 12);
    last = last_of(&r, 789, 2);
    assert_int_equal(number(last, "occurrences"), 2);
    json_decref(last);
    run_free(&r);
    unlink(path);
}

static void what_cannot_be_replayed_says_why(void **state)
{
    struct run r = run_json("tests/no-such-file");
    (void)state;

    assert_int_equal(r.result, -1);
    assert_int_equal(r.f.code, FAIL_NOT_FOUND);
    run_free(&r);
    r = run_json("Makefile");
    assert_int_equal(r.result, -1);
    assert_int_equal(r.f.code, FAIL_INPUT);
    assert_non_null(strstr(r.talk, "line "));
    run_free(&r);
    r = run_json("/");
    assert_int_equal(r.result, -1);
    assert_int_equal(r.f.code, FAIL_IO);
    run_free(&r);
}

static void a_full_disk_is_told(void **state)
{
    struct fail f;
    FILE *full = fopen("/dev/full", "w"), *talk = fopen("/dev/null", "w");
    (void)state;

    assert_non_null(full);
    assert_int_equal(replay_j1939(OWN, true, NULL, 0, full, talk, &f), -1);
    assert_int_equal(f.code, FAIL_FULL);
    fclose(full);
    fclose(talk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_truck_has_three_faults_and_two_codes_that_flap),
        cmocka_unit_test(an_engine_thrown_off_its_address_is_stale_not_healed),
        cmocka_unit_test(blocked_transfers_of_one_controller_do_not_disturb_another),
        cmocka_unit_test(an_rp1210_log_is_read_whole),
        cmocka_unit_test(flapping_codes_and_a_torn_list_confirm_nothing),
        cmocka_unit_test(a_line_has_the_promised_keys),
        cmocka_unit_test(a_table_for_people_has_the_same_changes),
        cmocka_unit_test(a_policy_of_ones_own_is_used),
        cmocka_unit_test(both_writings_and_any_debris_give_the_same_changes),
        cmocka_unit_test(buses_are_told_apart_by_interface),
        cmocka_unit_test(a_recording_behind_another_goes_on),
        cmocka_unit_test(what_cannot_be_replayed_says_why),
        cmocka_unit_test(a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
