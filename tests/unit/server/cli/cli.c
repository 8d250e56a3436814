/* cli: exit statuses, help, suggestions, JSON, tables in both languages; against a server and against a file. */
#include "server/api/served.h"

#include <poll.h>
#include <pthread.h>

#include "cli.h"

static struct {
    char *out, *err;
    size_t out_bytes, err_bytes;
    char url[64];
} said;

static struct wall fixed_wall(void *ctx)
{
    (void)ctx;
    return (struct wall){seed_time.ms + 3600000};
}

static const struct clock fixed_clock = {.wall = fixed_wall};

static void forget_said(void)
{
    free(said.out);
    free(said.err);
    said.out = said.err = NULL;
}

/* "faultline WORDS", taken apart at blanks. */
static int split(char *line, char **argv)
{
    char *rest = NULL;
    int argc = 0;

    for (argv[0] = strtok_r(line, " ", &rest); argv[argc]; argv[argc] = strtok_r(NULL, " ", &rest))
        argc++;
    return argc;
}

/* Runs "faultline WORDS"; blanks separate the words. */
static int run_with(bool coloured, const char *words)
{
    char copy[512], *argv[32];

    forget_said();
    struct cli c = {.out = open_memstream(&said.out, &said.out_bytes),
        .err = open_memstream(&said.err, &said.err_bytes),
        .coloured = coloured,
        .clock = &fixed_clock,
        .rng = &rng_system};
    snprintf(copy, sizeof copy, "faultline %s", words);
    int status = cli_run(&c, split(copy, argv), argv);
    fclose(c.out);
    fclose(c.err);
    return status;
}

static int run(const char *words)
{
    return run_with(false, words);
}

static void assert_run(int status, const char *words)
{
    int got = run(words);

    if (got != status)
        fail_msg("faultline %s: %d, not %d\n%s%s", words, got, status, said.out, said.err);
}

static int set_up(void **state)
{
    setenv("TZ", "UTC", 1);
    setenv("LC_ALL", "C", 1);
    setenv("HOME", "/nonexistent", 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("FAULTLINE_SERVER");
    setenv("FAULTLINE_TOKEN", READER_TOKEN, 1);
    return open_store(state);
}

static int tear_down(void **state)
{
    forget_said();
    return close_store(state);
}

static void serve_usual(void)
{
    seed_usual();
    serve((struct api_settings[]){usual_settings()});
    snprintf(said.url, sizeof said.url, "http://127.0.0.1:%u", served.port);
    setenv("FAULTLINE_SERVER", said.url, 1);
}

/* ---------------------------------------------------------------- usage */

static size_t lines(const char *text)
{
    size_t n = 0;

    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

static void help_is_found_everywhere_examples_first(void **state)
{
    static const char *const asked[] = {"", "-h", "--help", "help", "ticket -h", "help ticket", "ticket list -h",
        "ticket list --help", "-h ticket list", "help ticket list", "ticket show -h", "device list -h",
        "device show --help", "condition list -h", "event watch -h", "token new -h", "--json ticket --help list",
        "--lang zh --help"};
    (void)state;

    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        assert_run(0, asked[i]);
        assert_string_equal(said.err, "");
        if (strncmp(said.out, "Examples:\n", 10) != 0 && strncmp(said.out, "示例:\n", 8) != 0)
            fail_msg("%s: %s", asked[i], said.out);
        if (lines(said.out) > 24)
            fail_msg("%s: %zu lines", asked[i], lines(said.out));
    }
    assert_run(0, "--version");
    assert_string_equal(said.out, "faultline " FAULTLINE_VERSION "\n");
}

static void mistakes_get_a_suggestion_and_status_2(void **state)
{
    static const struct {
        const char *words, *says;
    } mistakes[] = {
        {"tiket list", "Did you mean \"ticket\"?"},
        {"ticket lits", "Did you mean \"ticket list\"?"},
        {"ticket", "unknown command \"ticket\""},
        {"xyzzy", "unknown command \"xyzzy\""},
        {"ticket list --calss urgent", "Did you mean \"--class\"?"},
        {"ticket list --online", "ticket list has no option --online"},
        {"ticket list --class", "option \"--class\" needs a value"},
        {"ticket list --json=1", "option \"--json=1\" takes no value"},
        {"ticket list -x", "unknown option \"-x\""},
        {"ticket list FL-1", "one argument too many: \"FL-1\""},
        {"ticket show", "ticket show needs NUMBER"},
        {"ticket list --limit 0", "--limit: \"0\" is not allowed"},
        {"ticket list --limit 1x", "--limit: \"1x\" is not allowed"},
        {"ticket list --lang fr", "--lang: \"fr\" is not allowed; allowed: en, zh"},
        {"ticket list --server http://127.0.0.1:1 --db x", "not both"},
        {"ticket show nonsense", "\"nonsense\" is no ticket number"},
        {"ticket show nonsense --lang zh", "不是工单号"},
        {"ticket list --server ftp://127.0.0.1", "--server: \"ftp://127.0.0.1\" is not allowed"},
        {"ticket list --server unix:relative", "allowed: http://..., https://..., unix:/path"},
        {"ticket list --db /etc/passwd", "/etc/passwd is not a database"},
        {"ticket list --db /dev/null", "/dev/null is not a database"},
        {"device block a --db x --reason y", "device block needs a running collector"},
        {"device block a", "device block needs --reason TEXT"},
        {"device unblock a --reason \xff", "--reason: this is not UTF-8"},
        {"event watch --db x", "event watch needs a running collector"},
        {"token new a/b", "a name is 1 to 32"},
        {"token new a --role king", "allowed: reader, admin"},
        {"--lang zh tiket list", "未知命令"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        assert_run(2, mistakes[i].words);
        assert_string_equal(said.out, "");
        if (!strstr(said.err, mistakes[i].says))
            fail_msg("%s: %s", mistakes[i].words, said.err);
    }
}

static void a_wrong_filter_is_a_usage_error_that_lists_what_is_allowed(void **state)
{
    (void)state;
    serve_usual();
    assert_run(2, "ticket list --class red");
    assert_non_null(strstr(said.err, "general, important, urgent"));
}

/* ---------------------------------------------------------------- who may report */

static void a_device_is_blocked_and_unblocked_with_a_reason(void **state)
{
    (void)state;
    seed_usual();
    serve_registry();
    snprintf(said.url, sizeof said.url, "http://127.0.0.1:%u", served.port);
    setenv("FAULTLINE_SERVER", said.url, 1);
    assert_run(5, "device block engine-7 --reason stolen"); /* with a reader's token */
    setenv("FAULTLINE_TOKEN", ADMIN_TOKEN, 1);
    assert_run(0, "device block engine-7 --reason stolen");
    assert_string_equal(said.out, "device engine-7: blocked\n");
    assert_string_equal(served.who, "user:chief");
    assert_string_equal(served.reason, "stolen");
    assert_run(0, "device block engine-7 --reason 被盗 --lang zh");
    assert_string_equal(said.out, "设备 engine-7: 已封锁\n");
    assert_run(0, "device unblock engine-7 --reason found --json");
    assert_non_null(strstr(said.out, "\"registration\": \"known\""));
    assert_run(3, "device block nobody --reason x");
    setenv("FAULTLINE_TOKEN", READER_TOKEN, 1);
}

static void the_audit_of_an_object_is_a_table(void **state)
{
    const struct audit_row row = {
        identity_shard("engine-7"), seed_time, "user:chief", "device.blocked", "engine-7", "stolen 被盗"};
    struct fail f;
    (void)state;

    begin();
    must_succeed(store_add_audit(served.writer, &row, &f), &f);
    commit();
    serve_usual();
    assert_run(0, "audit list engine-7");
    assert_string_equal(said.out, "AT                WHO         WHAT            DETAIL\n"
                                  "2026-01-01 00:00  user:chief  device.blocked  stolen 被盗\n");
    assert_run(0, "audit list FL-5B-000001");
    assert_string_equal(said.out, "");
}

/* ---------------------------------------------------------------- statuses */

static void statuses_tell_what_went_wrong(void **state)
{
    char words[160];
    (void)state;

    assert_run(6, "ticket list --server http://127.0.0.1:1");
    assert_non_null(strstr(said.err, "http://127.0.0.1:1"));
    serve_usual();
    assert_run(0, "ticket show FL-5B-000001");
    assert_run(3, "ticket show FL-5B-000999");
    assert_run(3, "device show nobody");
    assert_int_not_equal(access("/etc/passwd.lock", F_OK), 0);
    assert_run(3, "ticket list --db /nonexistent/faultline.db");
    snprintf(words, sizeof words, "ticket list --db %s", served.database);
    assert_run(4, words);
    assert_non_null(strstr(said.err, "a running collector holds"));
    setenv("FAULTLINE_TOKEN", "fl_wrong", 1);
    assert_run(5, "ticket list");
    unsetenv("FAULTLINE_TOKEN");
    assert_run(5, "ticket list");
    assert_run(5, "event watch");
    assert_string_equal(said.out, "");
}

static void tokens_come_from_file_environment_or_home(void **state)
{
    char path[128], words[256];
    (void)state;

    serve_usual();
    unsetenv("FAULTLINE_TOKEN");
    snprintf(path, sizeof path, "%s/faultline", served.folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/faultline/token", served.folder);
    write_file(path, READER_TOKEN "\n", 0600);
    assert_run(5, "ticket list");
    setenv("XDG_CONFIG_HOME", served.folder, 1);
    assert_run(0, "ticket list");
    unsetenv("XDG_CONFIG_HOME");
    snprintf(words, sizeof words, "ticket list --token-file %s", path);
    assert_run(0, words);
    assert_run(1, "ticket list --token-file /nonexistent/token");
}

/* ---------------------------------------------------------------- tables */

static void tickets_are_a_table_for_people(void **state)
{
    (void)state;
    serve_usual();
    assert_run(0, "ticket list");
    assert_string_equal(said.out, "TICKET        CLASS      STATE    TITLE               DEVICE    FIRST RESPONSE DUE  "
                                  "            OPENED            COUNT\n"
                                  "FL-5B-000001  urgent     triaged  Wheel sensor fault  engine-7  2026-01-01 02:00 "
                                  "(1h 00m left)  2026-01-01 00:00      1\n"
                                  "FL-5B-000002  general    triaged  790                 engine-7  2026-01-01 01:59 "
                                  "(59m left)     2025-12-31 23:59      1\n"
                                  "FL-A7-000001  important  triaged  Wheel sensor fault  engine-8  2026-01-01 01:58 "
                                  "(58m left)     2025-12-31 23:58      1\n");
}

/* Column where a text begins, as a terminal shows it: two for each Chinese character. */
static long column_of(const char *table, int line, const char *text)
{
    const char *start = table, *at;
    long column = 0;

    while (line--)
        start = strchr(start, '\n') + 1;
    at = strstr(start, text);
    assert_non_null(at);
    for (; start < at; start++)
        column += (unsigned char)*start < 0x80 ? 1 : (unsigned char)*start >= 0xe0 ? 2 : 0;
    return column;
}

static void chinese_tables_line_up_and_leave_nothing_untranslated(void **state)
{
    (void)state;
    serve_usual();
    assert_run(0, "ticket list --lang zh");
    assert_non_null(strstr(said.out, "车轮传感器故障"));
    assert_non_null(strstr(said.out, "紧急"));
    assert_non_null(strstr(said.out, "已分级"));
    assert_non_null(strstr(said.out, "(剩余 1小时00分)"));
    for (int line = 1; line <= 2; line++)
        assert_int_equal(column_of(said.out, line, "engine-7"), column_of(said.out, 0, "设备"));
    assert_int_equal(column_of(said.out, 3, "engine-8"), column_of(said.out, 0, "设备"));
    setenv("LC_ALL", "zh_CN.UTF-8", 1);
    assert_run(0, "ticket list");
    assert_non_null(strstr(said.out, "紧急"));
    assert_run(0, "ticket list --lang en");
    assert_null(strstr(said.out, "紧急"));
}

static void escape_codes_appear_only_when_colour_is_on(void **state)
{
    (void)state;
    serve_usual();
    assert_int_equal(run_with(false, "ticket list"), 0);
    assert_null(strchr(said.out, '\x1b'));
    assert_int_equal(run_with(true, "ticket list"), 0);
    assert_non_null(strchr(said.out, '\x1b'));
    assert_int_equal(run_with(true, "ticket list --json"), 0);
    assert_null(strchr(said.out, '\x1b'));
}

static void the_other_commands_show_their_rows(void **state)
{
    static const struct {
        const char *words, *shows[3];
    } commands_of_test[] = {
        {"ticket show FL-5B-000001", {"Wheel sensor fault", "j1939 789/3", "first response"}},
        {"device list", {"engine-7", "D4", "yes"}},
        {"device list --offline", {"engine-8", "no", "engine"}},
        {"device show engine-7", {"engine-7", "Conditions", "confirmed"}},
        {"condition list --state confirmed", {"engine-7", "j1939 789/3", "urgent"}},
    };
    (void)state;

    serve_usual();
    for (size_t i = 0; i < sizeof commands_of_test / sizeof commands_of_test[0]; i++) {
        assert_run(0, commands_of_test[i].words);
        assert_string_equal(said.err, "");
        for (size_t k = 0; k < 3; k++)
            if (!strstr(said.out, commands_of_test[i].shows[k]))
                fail_msg("%s: no \"%s\" in\n%s", commands_of_test[i].words, commands_of_test[i].shows[k], said.out);
    }
    assert_run(0, "condition list --state healed");
    assert_string_equal(said.out, "");
    assert_string_equal(said.err, "Nothing to show.\n");
}

static void a_limit_takes_as_many_pages_as_it_needs(void **state)
{
    char code[8];
    (void)state;

    begin();
    for (int i = 0; i < 620; i++) {
        snprintf(code, sizeof code, "%d", i);
        seed_ticket("engine-7", code, CLASS_URGENT, i);
    }
    commit();
    serve((struct api_settings[]){usual_settings()});
    snprintf(said.url, sizeof said.url, "http://127.0.0.1:%u", served.port);
    setenv("FAULTLINE_SERVER", said.url, 1);
    static const size_t expected[][2] = {{600, 600}, {10000, 620}, {7, 7}};
    for (size_t i = 0; i < 3; i++) {
        char words[64];

        snprintf(words, sizeof words, "ticket list --json --limit %zu", expected[i][0]);
        assert_run(0, words);
        json_t *items = json_loads(said.out, 0, NULL);
        assert_int_equal(json_array_size(items), expected[i][1]);
        assert_int_equal(strcmp(said.err, "") == 0, expected[i][1] == 620);
        json_decref(items);
    }
}

/* ---------------------------------------------------------------- JSON, files */

static void json_has_stable_keys_and_is_the_same_from_a_file(void **state)
{
    static const char *const questions[] = {
        "ticket list", "ticket show FL-5B-000001", "device list", "device show engine-7", "condition list"};
    static const char *const keys[] = {"id", "state", "class", "title", "device", "product_line", "model", "fault",
        "occurred_at", "occurred_bound_ms", "received_at", "opened_at", "last_seen_at", "occurrences", "clocks",
        "version"};
    char *from_server[5];
    char words[256];
    (void)state;

    serve_usual();
    for (size_t i = 0; i < 5; i++) {
        snprintf(words, sizeof words, "%s --json --lang zh", questions[i]);
        assert_run(0, words);
        json_t *document = json_loads(said.out, 0, NULL);
        assert_non_null(document);
        json_decref(document);
        from_server[i] = strdup(said.out);
    }
    json_t *ticket = json_loads(from_server[1], 0, NULL);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (!json_object_get(ticket, keys[i]))
            fail_msg("a ticket has no %s", keys[i]);
    assert_int_equal(json_object_size(ticket), sizeof keys / sizeof keys[0]);
    json_decref(ticket);
    api_stop(take_ptr(served.api));
    store_close(take_ptr(served.writer));
    for (size_t i = 0; i < 5; i++) {
        snprintf(words, sizeof words, "%s --json --db %s", questions[i], served.database);
        assert_run(0, words);
        assert_string_equal(said.out, from_server[i]);
        free(from_server[i]);
    }
    snprintf(words, sizeof words, "ticket show FL-5B-000999 --db %s", served.database);
    assert_run(3, words);
}

/* ---------------------------------------------------------------- events */

struct watcher {
    char words[64];
    FILE *out;
    int status;
};

static void *watch(void *ctx)
{
    struct watcher *w = ctx;
    char *err = NULL, *argv[8];
    size_t n;
    struct cli c = {.out = w->out, .err = open_memstream(&err, &n), .clock = &fixed_clock, .rng = &rng_system};

    w->status = cli_run(&c, split(w->words, argv), argv);
    fclose(c.out);
    fclose(c.err);
    free(err);
    return NULL;
}

static void watch_until(const char *option, const char *text, char *heard, size_t size)
{
    struct watcher w = {0};
    pthread_t thread;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    w.out = fdopen(ends[1], "w");
    snprintf(w.words, sizeof w.words, "faultline event watch --since 0 %s", option);
    assert_int_equal(pthread_create(&thread, NULL, watch, &w), 0);
    for (size_t n = 0; !strstr(heard, text);) {
        struct pollfd wait = {.fd = ends[0], .events = POLLIN};

        if (poll(&wait, 1, DEADLINE_MS) != 1)
            fail_msg("no \"%s\" in time; so far: %s", text, heard);
        ssize_t got = read(ends[0], heard + n, size - n - 1);
        assert_true(got > 0);
        n += (size_t)got;
        heard[n] = '\0';
    }
    api_stop(take_ptr(served.api)); /* the watch cannot come again and ends */
    pthread_join(thread, NULL);
    close(ends[0]);
    assert_int_equal(w.status, CLI_UNREACHABLE);
}

static void seed_events(void)
{
    begin();
    seed_event("device", "{\"device\":\"engine-7\",\"change\":\"new\",\"product_line\":\"engine\",\"model\":\"D4\"}");
    seed_event("condition", "{\"device\":\"engine-7\",\"ns\":\"j1939\",\"code\":\"789\",\"mode\":3,\"from\":"
                            "\"pending\",\"to\":\"confirmed\","
                            "\"flapping\":false}");
    seed_event("ticket", "{\"device\":\"engine-7\",\"ns\":\"j1939\",\"code\":\"789\",\"mode\":3,\"class\":\"urgent\","
                         "\"ticket\":\"FL-5B-000001\","
                         "\"change\":\"opened\",\"due_at\":\"2026-01-01T02:00:00.000Z\",\"fault_to_ticket_ms\":41}");
    seed_event("loss", "{\"device\":\"engine-7\",\"lane\":\"fault\",\"first\":5,\"last\":9,\"cause\":\"evicted\"}");
    seed_event("ticket", "{\"ticket\":\"FL-5B-000001\",\"change\":\"clock_breached\",\"clock\":\"first_response\","
                         "\"due_at\":\"2026-01-01T02:00:00.000Z\"}");
    seed_event("ticket", "{\"device\":\"engine-7\",\"ns\":\"j1939\",\"code\":\"789\",\"mode\":3,\"class\":\"urgent\","
                         "\"ticket\":\"FL-5B-000001\",\"change\":\"class_raised\",\"from\":\"general\","
                         "\"due_at\":\"2026-01-01T02:00:00.000Z\"}");
    seed_event("device", "{\"device\":\"evil\\u001b[2J\",\"change\":\"online\"}");
    commit();
}

static void events_are_readable_lines(void **state)
{
    static char heard[8192];
    (void)state;

    heard[0] = '\0';
    seed_events();
    serve_usual();
    watch_until("", "evil", heard, sizeof heard);
    assert_string_equal(heard,
        "00:00:00.000  device engine-7: enrolled\n"
        "00:00:00.000  condition j1939 789/3 on engine-7: pending -> confirmed\n"
        "00:00:00.000  ticket FL-5B-000001 opened, urgent: j1939 789/3 on engine-7; first response due 2026-01-01 "
        "02:00; 41 ms from "
        "fault to ticket\n"
        "00:00:00.000  device engine-7 lost fault reports 5 to 9: evicted\n"
        "00:00:00.000  ticket FL-5B-000001: clock first response is past its due time 2026-01-01 02:00\n"
        "00:00:00.000  ticket FL-5B-000001 is more urgent now, general -> urgent: j1939 789/3 on engine-7; first "
        "response due 2026-01-01 02:00\n"
        "00:00:00.000  device evil\xef\xbf\xbd[2J: online\n");
}

static void events_are_one_json_object_a_line(void **state)
{
    static char heard[8192];
    char *line, *rest = NULL;
    int n = 0;
    (void)state;

    heard[0] = '\0';
    seed_events();
    serve_usual();
    watch_until("--json", "\"id\":\"7\"", heard, sizeof heard);
    for (line = strtok_r(heard, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        json_t *event = json_loads(line, 0, NULL);

        assert_non_null(event);
        assert_int_equal(atoi(text_at(event, "id")), ++n);
        json_decref(event);
    }
    assert_int_equal(n, 7);
}

/* ---------------------------------------------------------------- tokens */

static void a_new_token_opens_the_server_that_got_its_line(void **state)
{
    char words[160];
    struct stat st;
    (void)state;

    snprintf(words, sizeof words, "%s/fresh-tokens", served.folder);
    strcpy(served.tokens, words);
    snprintf(words, sizeof words, "token new desk --tokens-file %s", served.tokens);
    assert_run(0, words);
    assert_int_equal(said.out_bytes, TOKENS_TOKEN_BYTES); /* the line end in place of the NUL */
    assert_non_null(strstr(said.err, "shown once"));
    assert_int_equal(stat(served.tokens, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    said.out[said.out_bytes - 1] = '\0';
    setenv("FAULTLINE_TOKEN", said.out, 1);
    serve_usual();
    assert_run(0, "ticket list");
    assert_run(4, words); /* the name is taken */
    assert_string_equal(said.out, "");
    snprintf(words, sizeof words, "token new second --role admin --json --tokens-file %s", served.tokens);
    assert_run(0, words);
    json_t *o = json_loads(said.out, 0, NULL);
    assert_string_equal(text_at(o, "role"), "admin");
    assert_memory_equal(text_at(o, "line"), "second admin ", 13);
    setenv("FAULTLINE_TOKEN", text_at(o, "token"), 1);
    json_decref(o);
    api_reload(served.api);
    for (int tries = 0; tries < 200 && run("ticket list") != 0; tries++) /* the reload is asked for, not waited for */
        ;
    assert_run(0, "ticket list");
}

static void without_a_file_the_line_is_shown_and_the_token_alone_goes_to_output(void **state)
{
    (void)state;
    assert_run(0, "token new desk --lang zh");
    assert_int_equal(said.out_bytes, TOKENS_TOKEN_BYTES);
    assert_non_null(strstr(said.err, "desk reader "));
    assert_null(strstr(said.err, "fl_"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(help_is_found_everywhere_examples_first),
        CASE(mistakes_get_a_suggestion_and_status_2),
        CASE(a_wrong_filter_is_a_usage_error_that_lists_what_is_allowed),
        CASE(a_device_is_blocked_and_unblocked_with_a_reason),
        CASE(the_audit_of_an_object_is_a_table),
        CASE(statuses_tell_what_went_wrong),
        CASE(tokens_come_from_file_environment_or_home),
        CASE(tickets_are_a_table_for_people),
        CASE(chinese_tables_line_up_and_leave_nothing_untranslated),
        CASE(escape_codes_appear_only_when_colour_is_on),
        CASE(the_other_commands_show_their_rows),
        CASE(a_limit_takes_as_many_pages_as_it_needs),
        CASE(json_has_stable_keys_and_is_the_same_from_a_file),
        CASE(events_are_readable_lines),
        CASE(events_are_one_json_object_a_line),
        CASE(a_new_token_opens_the_server_that_got_its_line),
        CASE(without_a_file_the_line_is_shown_and_the_token_alone_goes_to_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
