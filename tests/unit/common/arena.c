/* arena: aligned pieces of one block, never beyond its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdalign.h>
#include <string.h>

#include "arena.h"

static alignas(max_align_t) unsigned char block[256];

static void pieces_are_aligned_and_apart(void **state)
{
    struct arena a;
    unsigned char *last_end = block;
    (void)state;

    arena_init(&a, block, sizeof block);
    for (size_t n = 0; n < 20; n++) {
        unsigned char *p = arena_take(&a, n);

        if (!p)
            break;
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        assert_true(p >= last_end && p + n <= block + sizeof block);
        memset(p, (int)n, n);
        last_end = p + n;
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    struct arena a;
    (void)state;

    arena_init(&a, block, 100);
    assert_null(arena_take(&a, 101));
    assert_null(arena_take(&a, SIZE_MAX));
    assert_non_null(arena_take(&a, 97));
    assert_null(arena_take(&a, 0)); /* the next aligned place is behind the end */
    assert_null(arena_take(&a, SIZE_MAX));
    arena_reset(&a);
    assert_ptr_equal(arena_take(&a, 100), block);
    assert_null(arena_take(&a, 1));
    arena_reset(&a);
    assert_non_null(arena_take(&a, 1));
    assert_null(arena_take(&a, SIZE_MAX - 8)); /* start + n would wrap round */
}

static void an_empty_arena_has_room_for_nothing(void **state)
{
    struct arena a;
    (void)state;

    arena_init(&a, block, 0);
    assert_null(arena_take(&a, 1));
    assert_null(arena_text(&a, "", 0));
}

static void texts_are_copied_and_ended(void **state)
{
    char from[] = {'a', 'b', 'c'};
    struct arena a;
    (void)state;

    arena_init(&a, block, 32);
    memset(block, 'x', sizeof block);
    char *text = arena_text(&a, from, 2);
    from[0] = 'z';
    assert_string_equal(text, "ab");
    assert_null(arena_text(&a, "0123456789abcdef", 16)); /* 16 and the NUL, with 16 left */
    assert_string_equal(arena_text(&a, "0123456789abcdef", 15), "0123456789abcde");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(an_empty_arena_has_room_for_nothing),
        cmocka_unit_test(texts_are_copied_and_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
