/* inventory: what is known of the device grows by what sources read, and says when it changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bounds.h"
#include "inventory.h"

static struct inventory described(const char *model)
{
    return (struct inventory){.product_line = "", .model = model, .serial = "", .hardware = ""};
}

static bool merge_part(struct inventory_book *b, struct part part, unsigned *left_out)
{
    struct inventory i = described("");

    i.parts = &part;
    i.part_count = 1;
    return inventory_merge(b, &i, left_out);
}

static void what_is_read_later_overrides_text_by_text(void **state)
{
    struct inventory_book *b = inventory_new();
    unsigned left_out;
    (void)state;

    struct inventory i = described("M1");
    assert_true(inventory_merge(b, &i, &left_out));
    assert_false(inventory_merge(b, &i, &left_out));
    i = described("");
    assert_false(inventory_merge(b, &i, &left_out)); /* an empty text is no knowledge */
    assert_string_equal(inventory_all(b)->model, "M1");

    assert_true(merge_part(b, (struct part){"pump", "P1", "", "ACME", "L7", "", "settings"}, &left_out));
    assert_true(merge_part(b, (struct part){"pump", "P1", "S9", "", "", "", "uds:F18C"}, &left_out));
    assert_false(merge_part(b, (struct part){"pump", "P1", "S9", "", "", "", "uds:F18C"}, &left_out));
    assert_true(merge_part(b, (struct part){"fan", "", "", "", "", "", ""}, &left_out));
    const struct inventory *all = inventory_all(b);
    assert_int_equal(all->part_count, 2);
    assert_string_equal(all->parts[0].serial, "S9");
    assert_string_equal(all->parts[0].lot, "L7");
    assert_string_equal(all->parts[0].source, "uds:F18C");
    assert_string_equal(all->parts[1].position, "fan");
    inventory_free(b);
}

static void firmware_is_told_apart_by_component(void **state)
{
    struct inventory_book *b = inventory_new();
    struct firmware firmware[2] = {{"hub", "1.0"}, {"radio", "2.0"}};
    struct inventory i = described("");
    unsigned left_out;
    (void)state;

    i.firmware = firmware;
    i.firmware_count = 2;
    assert_true(inventory_merge(b, &i, &left_out));
    firmware[1].version = "2.1";
    assert_true(inventory_merge(b, &i, &left_out));
    assert_false(inventory_merge(b, &i, &left_out));
    assert_int_equal(inventory_all(b)->firmware_count, 2);
    assert_string_equal(inventory_all(b)->firmware[1].version, "2.1");
    inventory_free(b);
}

static void what_does_not_fit_is_counted(void **state)
{
    struct inventory_book *b = inventory_new();
    char position[BOUND_NAME + 40];
    unsigned left_out;
    (void)state;

    for (unsigned n = 0; n < BOUND_PARTS; n++) {
        snprintf(position, sizeof position, "part %u", n);
        assert_true(merge_part(b, (struct part){position, "", "", "", "", "", ""}, &left_out));
        assert_int_equal(left_out, 0);
    }
    assert_false(merge_part(b, (struct part){"one more", "", "", "", "", "", ""}, &left_out));
    assert_int_equal(left_out, 1);
    memset(position, 'x', sizeof position - 1);
    position[sizeof position - 1] = '\0';
    assert_true(merge_part(b, (struct part){"part 3", position, "", "", "", "", ""}, &left_out));
    assert_int_equal(strlen(inventory_all(b)->parts[3].part_no), BOUND_NAME);
    assert_false(merge_part(b, (struct part){"part 3", position, "", "", "", "", ""}, &left_out));
    inventory_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_later_overrides_text_by_text),
        cmocka_unit_test(firmware_is_told_apart_by_component),
        cmocka_unit_test(what_does_not_fit_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
