/* openapi: each documented path answers as documented, with the documented members and no others. */
#include "served.h"

#include "codec.h"

static struct reply document, r;

/* Follows "$ref": "#/a/b". */
static const json_t *resolved(const json_t *o)
{
    const char *ref = json_string_value(json_object_get(o, "$ref"));
    char copy[128], *rest = NULL;

    if (!ref)
        return o;
    snprintf(copy, sizeof copy, "%s", ref + 2);
    o = document.json;
    for (const char *key = strtok_r(copy, "/", &rest); key; key = strtok_r(NULL, "/", &rest))
        o = json_object_get(o, key);
    if (!o)
        fail_msg("%s leads nowhere", ref);
    return o;
}

static bool is_of_type(const json_t *value, const char *type)
{
    return (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
           (strcmp(type, "number") == 0 && json_is_number(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
           (strcmp(type, "object") == 0 && json_is_object(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value)) || (strcmp(type, "null") == 0 && json_is_null(value));
}

static void assert_type(const json_t *value, const json_t *type, const char *where)
{
    const json_t *one;
    size_t i;

    if (json_is_string(type) && !is_of_type(value, json_string_value(type)))
        fail_msg("%s is no %s", where, json_string_value(type));
    if (!json_is_array(type))
        return;
    json_array_foreach(type, i, one)
        if (is_of_type(value, json_string_value(one)))
            return;
    fail_msg("%s has none of its types", where);
}

static void assert_one_of(const json_t *value, const json_t *allowed, const char *where)
{
    const json_t *one;
    size_t i;

    if (!allowed)
        return;
    json_array_foreach(allowed, i, one)
        if (json_equal(value, one))
            return;
    fail_msg("%s is none of its enum", where);
}

static void assert_fits(const json_t *value, const json_t *schema, const char *where);

static void assert_members(const json_t *value, const json_t *schema, const char *where)
{
    const json_t *properties = json_object_get(schema, "properties"), *one;
    char inner[512];
    void *iter;
    size_t i;

    json_array_foreach(json_object_get(schema, "required"), i, one)
        if (!json_object_get(value, json_string_value(one)))
            fail_msg("%s lacks %s", where, json_string_value(one));
    for (iter = json_object_iter((json_t *)(uintptr_t)value); properties && iter;
         iter = json_object_iter_next((json_t *)(uintptr_t)value, iter)) {
        const char *key = json_object_iter_key(iter);
        const json_t *property = json_object_get(properties, key);

        snprintf(inner, sizeof inner, "%s.%s", where, key);
        if (!property)
            fail_msg("%s is not documented", inner);
        assert_fits(json_object_iter_value(iter), property, inner);
    }
}

static void assert_fits(const json_t *value, const json_t *schema, const char *where)
{
    const json_t *any, *one;
    size_t i;

    schema = resolved(schema);
    if ((any = json_object_get(schema, "anyOf"))) {
        if (json_is_null(value))
            return; /* the only use of it */
        schema = resolved(json_array_get(any, 0));
    }
    assert_type(value, json_object_get(schema, "type"), where);
    assert_one_of(value, json_object_get(schema, "enum"), where);
    if (json_is_object(value))
        assert_members(value, schema, where);
    if (json_object_get(schema, "items"))
        json_array_foreach(value, i, one)
            assert_fits(one, json_object_get(schema, "items"), where);
}

/* The path with the parameters' examples filled in; header parameters go to headers. */
static void example_of(const char *path, const json_t *operation, char *url, char *headers, size_t size)
{
    const json_t *p;
    size_t i;
    bool has_query = false;

    snprintf(url, size, "%s", path);
    snprintf(headers, size, "%s", BEARER);
    json_array_foreach(json_object_get(operation, "parameters"), i, p) {
        p = resolved(p);
        const json_t *example = json_object_get(p, "example");
        char value[64] = "";
        size_t n = strlen(url), m = strlen(headers);

        if (!example)
            continue;
        if (json_is_string(example))
            snprintf(value, sizeof value, "%s", json_string_value(example));
        else
            snprintf(value, sizeof value, "%d", (int)json_integer_value(example));
        if (strcmp(text_at(p, "in"), "path") == 0) {
            char *hole = strstr(url, "{id}"), behind[128];

            snprintf(behind, sizeof behind, "%s", hole + 4);
            snprintf(hole, size - (size_t)(hole - url), "%s%s", value, behind);
        } else if (strcmp(text_at(p, "in"), "query") == 0) {
            snprintf(url + n, size - n, "%c%s=%s", has_query ? '&' : '?', text_at(p, "name"), value);
            has_query = true;
        } else {
            snprintf(headers + m, size - m, "%s: %s\r\n", text_at(p, "name"), value);
        }
    }
}

static const json_t *content_of(const json_t *operation, const char *status, const char **ret_type)
{
    const json_t *content =
        json_object_get(resolved(json_object_get(json_object_get(operation, "responses"), status)), "content");
    void *first = json_object_iter((json_t *)(uintptr_t)content);

    *ret_type = json_object_iter_key(first);
    return json_object_get(json_object_iter_value(first), "schema");
}

static void assert_answer(const char *url, const json_t *operation, const char *status)
{
    const char *type;
    const json_t *schema = content_of(operation, status, &type);
    char header[96];

    if (r.status != atoi(status))
        fail_msg("%s: %s expected: %s", url, status, r.text);
    snprintf(header, sizeof header, "Content-Type: %s", type);
    if (!strstr(r.text, header))
        fail_msg("%s: %s expected: %s", url, header, r.text);
    if (strstr(type, "json"))
        assert_fits(r.json, schema, url);
    forget(&r);
}

/* A stream has no end: its first event is looked at. */
static void assert_stream(const char *url, const char *headers, const json_t *operation)
{
    char request[1200];
    const char *type;
    const json_t *schema = content_of(operation, "200", &type);
    int fd = dial();

    r.text[0] = '\0';
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", url, headers);
    say(fd, request);
    hear(fd, r.text, sizeof r.text, "}\n\n");
    close(fd);
    assert_non_null(strstr(r.text, type));
    json_t *event = json_loads(strstr(r.text, "data: ") + 6, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(event);
    assert_fits(event, schema, url);
    json_decref(event);
}

static void assert_operation(const char *path, const json_t *operation)
{
    char url[512], headers[512];
    const json_t *responses = json_object_get(operation, "responses");
    const char *type;

    example_of(path, operation, url, headers, sizeof url);
    content_of(operation, "200", &type);
    if (strcmp(type, "text/event-stream") == 0) {
        assert_stream(url, headers, operation);
    } else {
        get_with(&r, url, headers);
        assert_answer(url, operation, "200");
    }
    if (json_object_get(responses, "401")) {
        get_with(&r, url, "");
        assert_answer(url, operation, "401");
    } else {
        get_with(&r, url, "");
        assert_answer(url, operation, "200");
    }
    if (json_object_get(responses, "400")) {
        snprintf(url + strcspn(url, "?"), 16, "?no_such=1");
        get_with(&r, url, headers);
        assert_answer(url, operation, "400");
    }
    if (json_object_get(responses, "404")) {
        snprintf(url, sizeof url, "%.*snone", (int)strcspn(path, "{"), path);
        get_with(&r, url, headers);
        assert_answer(url, operation, "404");
    }
}

static void put_and_assert(
    const json_t *operation, const char *url, const char *headers, const char *body, const char *status)
{
    put_with(&r, url, headers, body);
    assert_answer(url, operation, status);
}

static void assert_change(const char *path, const json_t *operation)
{
    char url[512], headers[512];
    const json_t *content = json_object_get(json_object_get(operation, "requestBody"), "content");
    char *body = json_dumps(json_object_get(json_object_get(content, "application/json"), "example"), JSON_COMPACT);

    example_of(path, operation, url, headers, sizeof url);
    put_and_assert(operation, url, ADMIN_BEARER, body, "200");
    put_and_assert(operation, url, ADMIN_BEARER, "{}", "400");
    put_and_assert(operation, url, "", body, "401");
    put_and_assert(operation, url, headers, body, "403");
    snprintf(url, sizeof url, "%.*snone%s", (int)strcspn(path, "{"), path, strchr(path, '}') + 1);
    put_and_assert(operation, url, ADMIN_BEARER, body, "404");
    free(body);
}

static void seed_logs(void)
{
    const struct record record = {.lane = LANE_FAULT,
        .number = 4,
        .stamp = {1, {1}, seed_time, CLOCK_SYNCED},
        .behind = "",
        .kind = RECORD_LIFECYCLE,
        .lifecycle = {LIFECYCLE_RENEWED, "4711", "0.1"}};
    uint8_t bytes[256];
    struct report_row report = {.shard = identity_shard("engine-7"),
        .device = "engine-7",
        .reported_by = "engine-7",
        .epoch = 1,
        .number = 4,
        .kind = RECORD_LIFECYCLE,
        .occurred = {seed_time, 0},
        .received = seed_time,
        .record = bytes};
    const struct audit_row audit = {report.shard, seed_time, "user:chief", "device.blocked", "engine-7", "stolen"};
    struct fail f;

    must_succeed(codec_record_encode(&record, bytes, sizeof bytes, &report.record_bytes, &f), &f);
    must_succeed(store_add_report(served.writer, &report, &f), &f);
    must_succeed(store_add_audit(served.writer, &audit, &f), &f);
}

static void seed_all(void)
{
    const struct part part = {"1", "P", "S", "acme", "L", "2025-01-01", "settings"};
    const struct measure measure = {"coolant", 1, 2, 3, 2, 4, "degC"};
    const struct health health = {.interval_ms = 1000, .measures = &measure, .measure_count = 1, .restart_reason = ""};
    const struct inventory inventory = {
        .product_line = "engine", .model = "D4", .serial = "", .hardware = "", .parts = &part, .part_count = 1};
    struct loss_row loss = {.shard = identity_shard("engine-7"),
        .device = "engine-7",
        .epoch = 1,
        .first = 5,
        .last = 9,
        .cause = "evicted"};
    struct fail f;

    seed_usual();
    begin();
    must_succeed(
        store_put_health(served.writer, loss.shard, "engine-7", (struct occurred){seed_time, 0}, &health, &f), &f);
    must_succeed(
        store_put_inventory(served.writer, loss.shard, "engine-7", (struct occurred){seed_time, 0}, &inventory, &f),
        &f);
    must_succeed(store_add_loss(served.writer, &loss, &f), &f);
    seed_event("ticket", "{\"ticket\":\"FL-5B-000001\"}");
    seed_logs();
    commit();
}

static void every_documented_path_answers_as_documented(void **state)
{
    const char *path;
    json_t *item;
    int count = 0;
    (void)state;

    seed_all();
    serve_registry();
    get(&document, "/api/v1/openapi.json");
    assert_int_equal(document.status, 200);
    assert_string_equal(text_at(document.json, "openapi"), "3.1.0");
    json_object_foreach(json_object_get(document.json, "paths"), path, item) {
        if (json_object_get(item, "put"))
            assert_change(path, json_object_get(item, "put"));
        else
            assert_operation(path, json_object_get(item, "get"));
        count++;
    }
    assert_int_equal(count, 16);
    forget(&document);
}

static void the_logs_of_a_device_tell_what_happened_to_it(void **state)
{
    (void)state;
    seed_all();
    serve((struct api_settings[]){usual_settings()});
    get(&r, "/api/v1/devices/engine-7/reports");
    assert_string_equal(text_at(r.json, "items.0.lifecycle"), "renewed");
    assert_string_equal(text_at(r.json, "items.0.detail"), "4711");
    forget(&r);
    get(&r, "/api/v1/audit?object=engine-7");
    assert_string_equal(text_at(r.json, "items.0.who"), "user:chief");
    assert_string_equal(text_at(r.json, "items.0.detail"), "stolen");
    forget(&r);
}

static void every_reference_leads_somewhere(void **state)
{
    (void)state;
    serve((struct api_settings[]){usual_settings()});
    get(&document, "/api/v1/openapi.json");
    for (const char *at = document.body; (at = strstr(at, "\"$ref\"")); at++) {
        char ref[128];

        assert_int_equal(sscanf(at, "\"$ref\": \"%127[^\"]", ref), 1);
        json_t *o = json_pack("{s:s}", "$ref", ref);
        assert_non_null(resolved(o));
        json_decref(o);
    }
    forget(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_documented_path_answers_as_documented, open_store, close_store),
        cmocka_unit_test_setup_teardown(the_logs_of_a_device_tell_what_happened_to_it, open_store, close_store),
        cmocka_unit_test_setup_teardown(every_reference_leads_somewhere, open_store, close_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
