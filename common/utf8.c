/* utf8.c: see utf8.h. */
#include "utf8.h"

#include "cleanup.h"

/* Well-formed sequences of more than one byte (Unicode, table 3-7); U+0080 to U+009F, the C1 controls, are left out. */
static const struct {
    uint8_t lead_first, lead_last, second_first, second_last, length;
} forms[] = {
    {0xc2, 0xc2, 0xa0, 0xbf, 2},
    {0xc3, 0xdf, 0x80, 0xbf, 2},
    {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3},
    {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t utf8_length(const uint8_t *at, size_t n)
{
    if (at[0] < 0x80)
        return at[0] >= 0x20 && at[0] != 0x7f;
    for (size_t i = 0; i < countof(forms); i++) {
        size_t length = forms[i].length;

        if (at[0] < forms[i].lead_first || at[0] > forms[i].lead_last)
            continue;
        if (n < length || at[1] < forms[i].second_first || at[1] > forms[i].second_last)
            return 0;
        for (size_t k = 2; k < length; k++)
            if ((at[k] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}
