/* api: who gets in, what each route answers, pages, problems, metrics, tokens that change. */
#include "served.h"

static struct reply r;

static void assert_problem(int status, const char *code)
{
    if (r.status != status || strcmp(text_at(r.json, "code"), code) != 0)
        fail_msg("expected %d %s: %s", status, code, r.text);
    assert_int_equal(json_integer_value(json_object_get(r.json, "status")), status);
    assert_non_null(strstr(r.text, "Content-Type: application/problem+json\r\n"));
    assert_true(*text_at(r.json, "type") && *text_at(r.json, "title") && json_object_get(r.json, "detail"));
    forget(&r);
}

static void serve_usual(void)
{
    seed_usual();
    serve((struct api_settings[]){usual_settings()});
}

/* ---------------------------------------------------------------- who gets in */

static void every_path_but_the_probes_wants_a_token(void **state)
{
    static const char *const closed[] = {"/metrics", "/api/v1/openapi.json", "/api/v1/tickets",
        "/api/v1/tickets/FL-5B-000001", "/api/v1/devices", "/api/v1/devices/engine-7",
        "/api/v1/devices/engine-7/transitions", "/api/v1/conditions", "/api/v1/catalogue", "/api/v1/policies",
        "/api/v1/events", "/api/v1/nothing", "/", "/api"};
    static const char *const wrong[] = {"", "Authorization: Bearer\r\n", "Authorization: Bearer \r\n",
        "Authorization: Bearer fl_other\r\n", "Authorization: Basic " READER_TOKEN "\r\n",
        "Authorization: " READER_TOKEN "\r\n", "Authorization: Bearer " READER_TOKEN "x\r\n",
        "Authorization: Bearer fl_reader-of-the-test\r\n", "X-Authorization: Bearer " READER_TOKEN "\r\n"};
    (void)state;

    serve_usual();
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
            get_with(&r, closed[i], wrong[k]);
            assert_non_null(strstr(r.text, "WWW-Authenticate: Bearer "));
            assert_problem(401, "unauthorized");
        }
    for (size_t i = 0; i < 2; i++) {
        get_with(&r, i ? "/livez" : "/readyz", "");
        assert_int_equal(r.status, 200);
        forget(&r);
    }
    get_with(&r, "/api/v1/tickets", "authorization: bearer " READER_TOKEN "\r\n");
    assert_int_equal(r.status, 200);
    forget(&r);
}

static void without_a_tokens_file_nobody_gets_in(void **state)
{
    struct api_settings s = usual_settings();
    (void)state;

    s.tokens_file[0] = '\0';
    serve(&s);
    get(&r, "/api/v1/tickets");
    assert_problem(401, "unauthorized");
}

static void metrics_are_open_only_when_the_settings_say_so(void **state)
{
    struct api_settings s = usual_settings();
    (void)state;

    s.metrics_public = true;
    serve(&s);
    get_with(&r, "/metrics", "");
    assert_int_equal(r.status, 200);
    get_with(&r, "/api/v1/tickets", "");
    assert_problem(401, "unauthorized");
}

static void tokens_come_and_go_with_their_file(void **state)
{
    char line[160];
    (void)state;

    serve_usual();
    get(&r, "/api/v1/policies");
    assert_int_equal(r.status, 200);
    forget(&r);
    write_file(served.tokens, token_line("other", "admin", "fl_other", line), 0640);
    api_reload(served.api);
    for (int tries = 0; r.status == 200 && tries < 1000; tries++) { /* the reload is asked for, not waited for */
        get(&r, "/api/v1/policies");
        forget(&r);
    }
    assert_int_equal(r.status, 401);
    get_with(&r, "/api/v1/policies", "Authorization: Bearer fl_other\r\n");
    assert_int_equal(r.status, 200);
    forget(&r);
    /* A broken file leaves the old set. */
    write_file(served.tokens, "other admin\n", 0640);
    api_reload(served.api);
    for (int i = 0; i < 5; i++) {
        get_with(&r, "/api/v1/policies", "Authorization: Bearer fl_other\r\n");
        assert_int_equal(r.status, 200);
        forget(&r);
    }
}

static void a_tokens_file_that_everybody_may_read_stops_the_start(void **state)
{
    const struct store_settings store = {.driver = STORE_SQLITE, .path = served.database};
    struct api_settings s = usual_settings();
    struct fail f;
    (void)state;

    assert_int_equal(chmod(served.tokens, 0644), 0);
    assert_int_equal(api_start(&s, &store, &(struct api_host){0}, &clock_system, &served.api, &f), -1);
    assert_int_equal(f.code, FAIL_SETTINGS);
    assert_non_null(strstr(f.text, served.tokens));
}

/* ---------------------------------------------------------------- what the routes answer */

static void a_ticket_has_its_titles_clocks_and_times(void **state)
{
    (void)state;
    serve_usual();
    get(&r, "/api/v1/tickets?class=urgent");
    assert_int_equal(r.status, 200);
    assert_int_equal(json_array_size(json_object_get(r.json, "items")), 1);
    assert_true(json_is_null(json_object_get(r.json, "next_cursor")));
    assert_string_equal(text_at(r.json, "items.0.id"), "FL-5B-000001");
    assert_string_equal(text_at(r.json, "items.0.title.en"), "Wheel sensor fault");
    assert_string_equal(text_at(r.json, "items.0.title.zh"), "车轮传感器故障");
    assert_string_equal(text_at(r.json, "items.0.state"), "triaged");
    assert_string_equal(text_at(r.json, "items.0.fault.code"), "789");
    assert_string_equal(text_at(r.json, "items.0.opened_at"), "2026-01-01T00:00:00.000Z");
    assert_string_equal(text_at(r.json, "items.0.clocks.0.kind"), "first_response");
    assert_string_equal(text_at(r.json, "items.0.clocks.0.due_at"), "2026-01-01T02:00:00.000Z");
    forget(&r);
}

static void one_ticket_answers_304_to_its_own_etag_until_its_count_changes(void **state)
{
    char etag[64], header[128];
    struct fail f;
    (void)state;

    serve_usual();
    get(&r, "/api/v1/tickets/fl-5b-000001");
    assert_int_equal(r.status, 200);
    assert_string_equal(text_at(r.json, "id"), "FL-5B-000001");
    assert_int_equal(sscanf(strstr(r.text, "ETag: "), "ETag: %63s", etag), 1);
    forget(&r);
    snprintf(header, sizeof header, BEARER "If-None-Match: %s\r\n", etag);
    get_with(&r, "/api/v1/tickets/FL-5B-000001", header);
    assert_int_equal(r.status, 304);
    assert_string_equal(r.body, "");
    begin();
    must_succeed(store_join_ticket(served.writer, (struct ticket_number){0x5b, 1}, 2, seed_time, &f), &f);
    commit();
    get_with(&r, "/api/v1/tickets/FL-5B-000001", header);
    assert_int_equal(r.status, 200);
    assert_int_equal(json_integer_value(json_object_get(r.json, "occurrences")), 2);
    forget(&r);
}

static void a_device_shows_parts_health_and_losses(void **state)
{
    const struct part part = {.position = "1",
        .part_no = "P-1",
        .serial = "S",
        .supplier = "acme",
        .lot = "L",
        .made_date = "2025-01-01",
        .source = "settings"};
    const struct measure measure = {
        .name = "coolant", .unit = "degC", .min = 1, .mean = 2, .max = 3, .last = 2, .count = 4};
    const struct health health = {.interval_ms = 1000, .measures = &measure, .measure_count = 1, .restart_reason = ""};
    const struct inventory inventory = {
        .product_line = "engine", .model = "D4", .serial = "", .hardware = "", .parts = &part, .part_count = 1};
    struct loss_row loss = {.shard = identity_shard("engine-7"),
        .device = "engine-7",
        .epoch = 1,
        .first = 5,
        .last = 9,
        .cause = "evicted",
        .faults = 5};
    const struct occurred when = {seed_time, 0};
    struct fail f;
    (void)state;

    seed_usual();
    begin();
    must_succeed(store_put_health(served.writer, loss.shard, "engine-7", when, &health, &f), &f);
    must_succeed(store_put_inventory(served.writer, loss.shard, "engine-7", when, &inventory, &f), &f);
    must_succeed(store_add_loss(served.writer, &loss, &f), &f);
    commit();
    serve((struct api_settings[]){usual_settings()});
    get(&r, "/api/v1/devices/engine-7");
    assert_int_equal(r.status, 200);
    assert_string_equal(text_at(r.json, "id"), "engine-7");
    assert_string_equal(text_at(r.json, "epoch"), "00000000feedface");
    assert_true(json_is_true(json_object_get(r.json, "online")));
    assert_string_equal(text_at(r.json, "parts.0.supplier"), "acme");
    assert_string_equal(text_at(r.json, "losses.0.cause"), "evicted");
    assert_string_equal(text_at(r.json, "losses.0.last"), "9");
    assert_string_equal(text_at(r.json, "health.measures.0.name"), "coolant");
    forget(&r);
    get(&r, "/api/v1/devices/engine-7/transitions?limit=1");
    assert_int_equal(json_array_size(json_object_get(r.json, "items")), 1);
    assert_string_equal(text_at(r.json, "items.0.number"), "2");
    assert_string_equal(text_at(r.json, "items.0.to"), "confirmed");
    forget(&r);
    get(&r, "/api/v1/devices/engine-8");
    assert_true(json_is_null(json_object_get(r.json, "health")));
    forget(&r);
}

static void a_child_is_found_in_its_gateways_shard(void **state)
{
    struct device_row row = {.shard = identity_shard("hub-1"),
        .device = "hub-1:lamp",
        .gateway = "hub-1",
        .enrolled = seed_time,
        .last_seen = seed_time};
    struct fail f;
    (void)state;

    begin();
    must_succeed(store_put_device(served.writer, &row, &f), &f);
    commit();
    serve((struct api_settings[]){usual_settings()});
    get(&r, "/api/v1/devices/hub-1%3Alamp");
    assert_int_equal(r.status, 200);
    assert_string_equal(text_at(r.json, "gateway"), "hub-1");
    forget(&r);
    get(&r, "/api/v1/devices/hub-1:lamp");
    assert_int_equal(r.status, 200);
    forget(&r);
}

static void filters_narrow_and_unknown_ones_are_refused(void **state)
{
    static const struct {
        const char *path;
        size_t items;
    } good[] = {
        {"/api/v1/tickets", 3},
        {"/api/v1/tickets?open=true", 3},
        {"/api/v1/tickets?state=closed", 0},
        {"/api/v1/tickets?state=triaged&class=general", 1},
        {"/api/v1/tickets?device=engine-8", 1},
        {"/api/v1/tickets?product_line=home", 0},
        {"/api/v1/devices?online=true", 1},
        {"/api/v1/devices?online=false&model=D4", 1},
        {"/api/v1/devices?model=D5", 0},
        {"/api/v1/conditions?state=confirmed", 1},
        {"/api/v1/conditions?device=engine-8", 1},
        {"/api/v1/conditions?device=engine%2D8&state=healed", 0},
        {"/api/v1/catalogue", 1},
        {"/api/v1/devices/nobody/transitions", 0},
        {"/api/v1/devices/nobody/reports", 0},
        {"/api/v1/audit?object=FL-5B-000001", 0},
    };
    static const char *const bad[] = {"/api/v1/tickets?colour=red", "/api/v1/tickets?limit=0",
        "/api/v1/tickets?limit=501", "/api/v1/tickets?limit=1x",
        "/api/v1/tickets?limit=", "/api/v1/tickets?limit=1&limit=2", "/api/v1/tickets?state=lost",
        "/api/v1/tickets?open=perhaps", "/api/v1/tickets?cursor=zz", "/api/v1/tickets?cursor=5b5d",
        "/api/v1/tickets?device=%00", "/api/v1/tickets?device=%zz", "/api/v1/tickets?device=%1",
        "/api/v1/tickets?device=%ff", "/api/v1/tickets?product_line=%ed%a0%80", "/api/v1/tickets?%c3%28=1",
        "/api/v1/devices?open=true", "/api/v1/devices/engine-7?limit=1", "/api/v1/tickets/FL-5B-000001?x",
        "/api/v1/conditions?state=", "/api/v1/policies?device=a", "/api/v1/audit",
        "/api/v1/audit?object=", "/api/v1/devices/engine-7/reports?lane=0"};
    (void)state;

    serve_usual();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        get(&r, good[i].path);
        if (r.status != 200 || json_array_size(json_object_get(r.json, "items")) != good[i].items)
            fail_msg("%s: %s", good[i].path, r.text);
        forget(&r);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        get(&r, bad[i]);
        assert_problem(400, "bad_parameter");
    }
}

static void what_does_not_exist_is_404_and_what_may_not_be_is_405(void **state)
{
    static const char *const missing[] = {"/api/v1/tickets/FL-5B-000099", "/api/v1/tickets/nonsense",
        "/api/v1/devices/nobody", "/api/v1/nothing", "/api/v1/tickets/", "/api/v1/tickets/a/b",
        "/api/v1/devices/a%2Fb/c", "/api/v2/tickets", "/api/v1", "/api/v1/tickets/%00", "/api/v1/devices/%ff"};
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    char request[512];
    (void)state;

    serve_usual();
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        get(&r, missing[i]);
        assert_problem(404, "not_found");
    }
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        snprintf(request, sizeof request,
            "%s /api/v1/tickets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" BEARER "\r\n", methods[i]);
        assert_int_equal(ask_bytes(request, strlen(request), r.text, sizeof r.text), 405);
        assert_non_null(strstr(r.text, "Allow: GET, HEAD\r\n"));
    }
}

/* ---------------------------------------------------------------- changes */

static const char block_it[] = "{\"registration\":\"blocked\",\"reason\":\"stolen 被盗\"}";
static const char registration_path[] = "/api/v1/devices/engine-7/registration";

static void an_admin_blocks_a_device_and_lets_it_in_again(void **state)
{
    (void)state;
    seed_usual();
    serve_registry();
    put_with(&r, registration_path, ADMIN_BEARER, block_it);
    assert_int_equal(r.status, 200);
    assert_string_equal(text_at(r.json, "id"), "engine-7");
    assert_string_equal(text_at(r.json, "registration"), "blocked");
    assert_string_equal(served.who, "user:chief");
    assert_string_equal(served.reason, "stolen 被盗");
    forget(&r);
    put_with(&r, registration_path, ADMIN_BEARER, "{\"reason\":\"found\",\"registration\":\"known\"}");
    assert_string_equal(text_at(r.json, "registration"), "known");
    forget(&r);
}

static void only_an_admin_may_change_anything(void **state)
{
    (void)state;
    seed_usual();
    serve_registry();
    put_with(&r, registration_path, BEARER, block_it);
    assert_problem(403, "forbidden");
    put_with(&r, registration_path, "", block_it);
    assert_problem(401, "unauthorized");
    assert_string_equal(served.who, "");
    get_with(&r, registration_path, ADMIN_BEARER);
    assert_non_null(strstr(r.text, "Allow: PUT\r\n"));
    assert_problem(405, "method_not_allowed");
}

static void a_change_that_is_not_as_documented_is_refused(void **state)
{
    static char long_reason[256], large[1200];
    const char *const bodies[] = {"", "nonsense", "[]", "{}", "{\"registration\":\"blocked\"}",
        "{\"registration\":\"gone\",\"reason\":\"a\"}", "{\"registration\":1,\"reason\":\"a\"}",
        "{\"registration\":\"blocked\",\"reason\":\"\"}", "{\"registration\":\"blocked\",\"reason\":\"a\\nb\"}",
        "{\"registration\":\"blocked\",\"reason\":\"a\",\"more\":1}",
        "{\"registration\":\"known\",\"registration\":\"blocked\",\"reason\":\"a\"}",
        "{\"registration\":\"blocked\",\"reason\":\"\xff\"}", long_reason};
    struct api_settings s = usual_settings();
    (void)state;

    snprintf(
        long_reason, sizeof long_reason, "{\"registration\":\"blocked\",\"reason\":\"%0*d\"}", BOUND_REASON + 1, 0);
    memset(large, ' ', sizeof large - 1);
    seed_usual();
    s.max_body_bytes = 4096;
    serve_with(&s, &(struct api_host){.set_registration = change_registry});
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        put_with(&r, registration_path, ADMIN_BEARER, bodies[i]);
        assert_problem(400, "bad_parameter");
    }
    put_with(&r, registration_path, ADMIN_BEARER, large);
    assert_problem(413, "too_large");
    put_with(&r, "/api/v1/devices/nobody/registration", ADMIN_BEARER, block_it);
    assert_problem(404, "not_found");
    assert_string_equal(served.who, "");
}

/* ---------------------------------------------------------------- pages */

/* All ids of a list, page by page, each with a separator. */
static void collect(const char *path, int limit, const char *id, char *ret, size_t size)
{
    char url[2048];
    size_t n = 0;

    snprintf(url, sizeof url, "%s?limit=%d", path, limit);
    ret[0] = '\0';
    for (int pages = 0; pages < 100; pages++) {
        get(&r, url);
        assert_int_equal(r.status, 200);
        const json_t *items = json_object_get(r.json, "items");
        assert_true(json_array_size(items) <= (size_t)limit);
        for (size_t i = 0; i < json_array_size(items); i++)
            n += (size_t)snprintf(ret + n, size - n, "%s ", text_at(json_array_get(items, i), id));
        const char *cursor = json_string_value(json_object_get(r.json, "next_cursor"));
        if (!cursor) {
            forget(&r);
            return;
        }
        snprintf(url, sizeof url, "%s?limit=%d&cursor=%s", path, limit, cursor);
        forget(&r);
    }
    fail_msg("%s never ends", path);
}

static void pages_add_up_to_the_whole_without_holes_or_repeats(void **state)
{
    static const struct {
        const char *path, *id;
    } lists[] = {{"/api/v1/tickets", "id"}, {"/api/v1/devices", "id"}, {"/api/v1/conditions", "device"},
        {"/api/v1/catalogue", "code"}, {"/api/v1/policies", "class"}};
    static char whole[8192], paged[8192];
    char id[16], code[8];
    (void)state;

    begin();
    for (int i = 0; i < 25; i++) {
        snprintf(id, sizeof id, "engine-%d", i);
        snprintf(code, sizeof code, "%d", 100 + i);
        seed_device(id, i % 2);
        seed_ticket(id, code, CLASS_URGENT, i / 5 * 1000); /* ten at the same moment, two of them in one shard */
        seed_ticket(id, "1", CLASS_URGENT, i / 5 * 1000);
        seed_condition(id, "1", FAULT_PENDING);
        seed_condition(id, "2", FAULT_CONFIRMED);
        seed_catalogue(code, "a", "b");
    }
    commit();
    serve((struct api_settings[]){usual_settings()});
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (int limit = 1; limit <= 9; limit += 4) {
            collect(lists[i].path, 500, lists[i].id, whole, sizeof whole);
            collect(lists[i].path, limit, lists[i].id, paged, sizeof paged);
            assert_true(*whole);
            assert_string_equal(paged, whole);
        }
}

static void a_cursor_serves_only_its_own_list(void **state)
{
    char url[2048];
    (void)state;

    serve_usual();
    get(&r, "/api/v1/tickets?limit=1");
    snprintf(url, sizeof url, "/api/v1/devices?cursor=%s", json_string_value(json_object_get(r.json, "next_cursor")));
    forget(&r);
    get(&r, url);
    assert_problem(400, "bad_parameter");
}

/* ---------------------------------------------------------------- metrics, readiness */

static void some_metrics(void *ctx, void (*emit)(void *sink, const struct api_metric *m), void *sink)
{
    (void)ctx;
    emit(sink, &(struct api_metric){"ingest_records", "Records by \"lane\".", API_COUNTER, "lane", "fault", 3});
    emit(sink, &(struct api_metric){"ingest_records", "Records by \"lane\".", API_COUNTER, "lane", "he\"a\\l\nth", 4});
    emit(sink, &(struct api_metric){"ingest_lag_seconds", "Age of the oldest.", API_GAUGE, NULL, NULL, 0.25});
}

static const char *missing_broker(void *ctx)
{
    return *(bool *)ctx ? NULL : "broker";
}

/* Each line of the OpenMetrics text: TYPE before its samples, each name in one block, counters end in _total. */
static void assert_open_metrics(const char *body)
{
    static char copy[1 << 16], seen[1 << 14];
    char name[64] = "", type[16] = "", *rest = NULL;

    snprintf(copy, sizeof copy, "%s", body);
    seen[0] = '\0';
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char word[96], value[32];

        if (strcmp(line, "# EOF") == 0) {
            assert_true(!rest || !*rest);
            return;
        }
        if (sscanf(line, "# TYPE %63s %15s", name, type) == 2) {
            snprintf(word, sizeof word, " %s ", name);
            assert_null(strstr(seen, word));
            strcat(seen, word);
            assert_memory_equal(name, "faultline_", 10);
            continue;
        }
        if (strncmp(line, "# HELP ", 7) == 0)
            continue;
        assert_memory_equal(line, name, strlen(name));
        const char *suffix = line + strlen(name);
        if (strcmp(type, "counter") == 0)
            assert_memory_equal(suffix, "_total", 6);
        else if (strcmp(type, "info") == 0)
            assert_memory_equal(suffix, "_info", 5);
        else
            assert_true(*suffix == ' ' || *suffix == '{');
        assert_int_equal(sscanf(strrchr(line, ' '), " %31s", value), 1);
        assert_null(strstr(line, "engine-7"));
    }
    fail_msg("no # EOF");
}

static void metrics_are_open_metrics_without_device_ids(void **state)
{
    (void)state;
    seed_usual();
    serve_with((struct api_settings[]){usual_settings()}, &(struct api_host){.metrics = some_metrics});
    get_with(&r, "/api/v1/tickets", "");
    forget(&r);
    get(&r, "/metrics");
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.text, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
    assert_open_metrics(r.body);
    assert_non_null(strstr(r.body, "\nfaultline_tickets_open 3\n"));
    assert_non_null(strstr(r.body, "\nfaultline_devices_online 1\n"));
    assert_non_null(strstr(r.body, "\nfaultline_http_auth_failures_total 1\n"));
    assert_non_null(strstr(r.body, "\nfaultline_ingest_records_total{lane=\"fault\"} 3\n"));
    assert_non_null(strstr(r.body, "{lane=\"he\\\"a\\\\l\\nth\"} 4\n"));
    assert_non_null(strstr(r.body, "\nfaultline_ingest_lag_seconds 0.25\n"));
}

static void readiness_names_what_is_missing(void **state)
{
    bool broker = false;
    (void)state;

    serve_with(
        (struct api_settings[]){usual_settings()}, &(struct api_host){.ctx = &broker, .unready = missing_broker});
    get_with(&r, "/readyz", "");
    assert_string_equal(text_at(r.json, "detail"), "broker");
    assert_problem(503, "unready");
    get_with(&r, "/livez", "");
    assert_int_equal(r.status, 200);
    forget(&r);
    broker = true;
    get_with(&r, "/readyz", "");
    assert_int_equal(r.status, 200);
    assert_string_equal(text_at(r.json, "status"), "ready");
    forget(&r);
    api_stop(take_ptr(served.api)); /* broker goes out of scope */
}

static void without_a_store_the_answer_is_503_and_comes_back_by_itself(void **state)
{
    char away[128];
    (void)state;

    seed_usual();
    snprintf(away, sizeof away, "%s.away", served.database);
    assert_int_equal(rename(served.database, away), 0);
    serve((struct api_settings[]){usual_settings()});
    get(&r, "/api/v1/tickets");
    assert_non_null(strstr(r.text, "Retry-After: "));
    assert_null(strstr(r.body, served.folder));
    assert_problem(503, "store_unavailable");
    get_with(&r, "/readyz", "");
    assert_problem(503, "unready");
    get(&r, "/metrics");
    assert_int_equal(r.status, 200);
    assert_null(strstr(r.body, "faultline_devices"));
    forget(&r);
    assert_int_equal(rename(away, served.database), 0);
    get(&r, "/api/v1/tickets");
    assert_int_equal(r.status, 200);
    forget(&r);
}

/* ---------------------------------------------------------------- more at once than fits */

static void many_at_once_are_answered_or_told_to_come_again(void **state)
{
    enum { CLIENTS = 60, EACH = 20 };
    int fds[CLIENTS], good = 0, later = 0;
    (void)state;

    serve_usual();
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = dial();
    for (int round = 0; round < EACH; round++) {
        for (int i = 0; i < CLIENTS; i++)
            say(fds[i], "GET /api/v1/tickets HTTP/1.1\r\nHost: x\r\n" BEARER "\r\n");
        for (int i = 0; i < CLIENTS; i++) {
            static char answer[16384];
            int status;

            answer[0] = '\0';
            size_t n = hear(fds[i], answer, sizeof answer, "\r\n\r\n"), body = 0;
            assert_int_equal(sscanf(answer, "HTTP/1.1 %d", &status), 1);
            assert_int_equal(sscanf(strstr(answer, "Content-Length: "), "Content-Length: %zu", &body), 1);
            size_t head = (size_t)(strstr(answer, "\r\n\r\n") + 4 - answer);
            while (n < head + body) {
                ssize_t got = recv(fds[i], answer + n, sizeof answer - n, 0);
                assert_true(got > 0);
                n += (size_t)got;
            }
            good += status == 200;
            later += status == 503 && strstr(answer, "Retry-After: ");
        }
    }
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    assert_int_equal(good + later, CLIENTS * EACH);
    assert_true(good > 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_path_but_the_probes_wants_a_token),
        CASE(without_a_tokens_file_nobody_gets_in),
        CASE(metrics_are_open_only_when_the_settings_say_so),
        CASE(tokens_come_and_go_with_their_file),
        CASE(a_tokens_file_that_everybody_may_read_stops_the_start),
        CASE(a_ticket_has_its_titles_clocks_and_times),
        CASE(one_ticket_answers_304_to_its_own_etag_until_its_count_changes),
        CASE(a_device_shows_parts_health_and_losses),
        CASE(a_child_is_found_in_its_gateways_shard),
        CASE(filters_narrow_and_unknown_ones_are_refused),
        CASE(an_admin_blocks_a_device_and_lets_it_in_again),
        CASE(only_an_admin_may_change_anything),
        CASE(a_change_that_is_not_as_documented_is_refused),
        CASE(what_does_not_exist_is_404_and_what_may_not_be_is_405),
        CASE(pages_add_up_to_the_whole_without_holes_or_repeats),
        CASE(a_cursor_serves_only_its_own_list),
        CASE(metrics_are_open_metrics_without_device_ids),
        CASE(readiness_names_what_is_missing),
        CASE(without_a_store_the_answer_is_503_and_comes_back_by_itself),
        CASE(many_at_once_are_answered_or_told_to_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
