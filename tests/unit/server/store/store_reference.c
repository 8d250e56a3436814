/* store_reference: the policies that every site starts with, and the catalogue. */
#include "stores.h"

struct policies {
    struct clock_policy rows[32];
    size_t count;
};

static bool collect_policy(void *ctx, const struct clock_policy *row)
{
    struct policies *p = ctx;

    p->rows[p->count++] = *row;
    return true;
}

static int64_t target_of(const struct policies *p, const char *line, enum ticket_class class_, enum clock_kind kind)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->rows[i].product_line, line) == 0 && p->rows[i].class_ == class_ && p->rows[i].kind == kind)
            return p->rows[i].target_ms;
    return 0;
}

static void policies_are_those_of_the_documents(void **state)
{
    struct stores *s = stores_of(state);
    const int64_t hour = 3600000;
    struct policies p = {0};

    assert_ok(store_each_policy(s->store, collect_policy, &p, f));
    assert_int_equal(p.count, 9);
    assert_int_equal(target_of(&p, "home", CLASS_GENERAL, CLOCK_FIRST_RESPONSE), 24 * hour);  /* CK-01 */
    assert_int_equal(target_of(&p, "home", CLASS_URGENT, CLOCK_FIRST_RESPONSE), 2 * hour);    /* CK-02 */
    assert_int_equal(target_of(&p, "engine", CLASS_GENERAL, CLOCK_TRIAGE), hour);             /* CK-03 */
    assert_int_equal(target_of(&p, "engine", CLASS_URGENT, CLOCK_TRIAGE), hour);              /* CK-03 */
    assert_int_equal(target_of(&p, "engine", CLASS_GENERAL, CLOCK_FIRST_RESPONSE), 2 * hour); /* CK-04 */
    assert_int_equal(target_of(&p, "engine", CLASS_URGENT, CLOCK_FIRST_RESPONSE), 2 * hour);
    assert_int_equal(target_of(&p, "home", CLASS_GENERAL, CLOCK_TRIAGE), 0);
    for (size_t i = 0; i < p.count; i++)
        assert_int_equal(p.rows[i].version, 1);
}

struct rows {
    struct catalogue_row rows[8];
    size_t count;
};

static bool collect_row(void *ctx, const struct catalogue_row *row)
{
    struct rows *r = ctx;

    r->rows[r->count++] = *row;
    return true;
}

static void a_catalogue_row_comes_back_and_is_replaced_by_its_key(void **state)
{
    struct stores *s = stores_of(state);
    struct catalogue_row row = {.mode = -1,
        .product_line = "home",
        .model = "KFR-35",
        .ns = "hvac:格力:a",
        .code = "E6",
        .title_en = "Communication fault",
        .title_zh = "通信故障",
        .class_ = CLASS_IMPORTANT,
        .part_no = "PCB-1",
        .severity = 3,
        .action_en = "Check the wires",
        .action_zh = "检查线路"};
    struct rows got = {0};

    assert_ok(store_begin(s->store, f));
    assert_ok(store_put_catalogue(s->store, &row, f));
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_each_catalogue(s->store, collect_row, &got, f));
    assert_int_equal(got.count, 1);
    assert_same(&got.rows[0], &row);

    strcpy(row.title_zh, "内外机通信故障");
    struct catalogue_row other = row;
    other.mode = 0;
    assert_ok(store_begin(s->store, f));
    assert_ok(store_put_catalogue(s->store, &row, f));
    assert_ok(store_put_catalogue(s->store, &other, f));
    assert_ok(store_commit(s->store, now, f));
    memset(&got, 0, sizeof got);
    assert_ok(store_each_catalogue(s->store, collect_row, &got, f));
    assert_int_equal(got.count, 2);
    assert_same(&got.rows[0], &row);
    assert_same(&got.rows[1], &other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(policies_are_those_of_the_documents),
        on_every_driver(a_catalogue_row_comes_back_and_is_replaced_by_its_key),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
