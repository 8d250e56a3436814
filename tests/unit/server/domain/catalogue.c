/* catalogue: the row that says most about a fault wins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "catalogue.h"

static void add(
    struct catalogue *c, const char *line, const char *model, const char *code, int64_t mode, const char *title)
{
    struct catalogue_row row = {.mode = mode, .class_ = CLASS_IMPORTANT};

    snprintf(row.product_line, sizeof row.product_line, "%s", line);
    snprintf(row.model, sizeof row.model, "%s", model);
    snprintf(row.ns, sizeof row.ns, "j1939");
    snprintf(row.code, sizeof row.code, "%s", code);
    snprintf(row.title_en, sizeof row.title_en, "%s", title);
    catalogue_add(c, &row);
}

static struct condition_key key(const char *ns, const char *code, uint32_t mode)
{
    const struct fault_key k = {.bus = "", .ns = ns, .code = code, .mode = mode, .component = ""};
    struct condition_key key;

    condition_key_of(&k, &key);
    return key;
}

static void the_most_specific_row_is_found(void **state)
{
    static const struct {
        const char *line, *model, *ns, *code;
        uint32_t mode;
        const char *title;
    } rows[] = {
        {"engine", "D6", "j1939", "789", 2, "mode and model"},
        {"engine", "D8", "j1939", "789", 2, "mode"},
        {"engine", "D6", "j1939", "789", 3, "model"},
        {"engine", "D8", "j1939", "789", 3, "line"},
        {"home", "D8", "j1939", "789", 3, "code"},
        {"home", "D8", "j1939", "790", 3, "any"},
        {"home", "D8", "app", "789", 2, NULL},
    };
    struct catalogue c;
    (void)state;

    catalogue_init(&c);
    add(&c, "", "", "789", -1, "code");
    add(&c, "", "", "", -1, "any");
    add(&c, "engine", "", "789", -1, "line");
    add(&c, "", "D6", "789", -1, "model");
    add(&c, "", "", "789", 2, "mode");
    add(&c, "", "D6", "789", 2, "mode and model");
    add(&c, "", "", "1", 2, "another");
    catalogue_sort(&c);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct condition_key k = key(rows[i].ns, rows[i].code, rows[i].mode);
        const struct catalogue_row *row = catalogue_find(&c, rows[i].line, rows[i].model, &k);

        if (rows[i].title) {
            assert_non_null(row);
            assert_string_equal(row->title_en, rows[i].title);
        } else
            assert_null(row);
    }
    catalogue_done(&c);
}

static void a_code_of_uncertain_layout_is_not_the_code(void **state)
{
    const struct fault_key k = {.bus = "", .ns = "j1939", .code = "789", .mode = 2, .component = "", .ambiguous = true};
    struct condition_key unsure;
    struct catalogue c;
    (void)state;

    condition_key_of(&k, &unsure);
    catalogue_init(&c);
    assert_null(catalogue_find(&c, "", "", &unsure));
    add(&c, "", "", "789", -1, "code");
    catalogue_sort(&c);
    assert_null(catalogue_find(&c, "", "", &unsure));
    catalogue_done(&c);
}

static void the_class_is_the_catalogues_then_the_hint_then_general(void **state)
{
    struct catalogue_row row = {.class_ = CLASS_URGENT, .severity = 3}, silent = {.class_ = CLASS_UNSET};
    (void)state;

    assert_int_equal(catalogue_class(&row, CLASS_IMPORTANT), CLASS_URGENT);
    assert_int_equal(catalogue_class(NULL, CLASS_IMPORTANT), CLASS_IMPORTANT);
    assert_int_equal(catalogue_class(NULL, CLASS_UNSET), CLASS_GENERAL);
    assert_int_equal(catalogue_class(&silent, CLASS_URGENT), CLASS_GENERAL);
    assert_true(catalogue_opens_tickets(&row));
    assert_true(catalogue_opens_tickets(NULL));
    assert_false(catalogue_opens_tickets(&silent));
    assert_int_equal(catalogue_severity(&row, 1), 3);
    assert_int_equal(catalogue_severity(&silent, 1), 1);
    assert_int_equal(catalogue_severity(NULL, 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_specific_row_is_found),
        cmocka_unit_test(a_code_of_uncertain_layout_is_not_the_code),
        cmocka_unit_test(the_class_is_the_catalogues_then_the_hint_then_general),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
