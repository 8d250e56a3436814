/* ident.c: identification texts. See ident.h. */
#include "ident.h"

#include <stdio.h>
#include <string.h>

static void add_char(char *field, uint8_t c)
{
    size_t used = strlen(field);

    if (c < 0x20 || c > 0x7e || used == BOUND_NAME || (c == ' ' && used == 0))
        return;
    field[used] = (char)c;
}

static void trim_end(char *field)
{
    for (size_t n = strlen(field); n > 0 && field[n - 1] == ' '; n--)
        field[n - 1] = '\0';
}

struct ident ident_parse(const uint8_t *bytes, size_t n)
{
    struct ident id = {.count = 0};

    for (size_t i = 0; i < n && id.count < IDENT_FIELDS; i++) {
        if (bytes[i] == '*')
            trim_end(id.fields[id.count++]);
        else
            add_char(id.fields[id.count], bytes[i]);
    }
    if (id.count < IDENT_FIELDS && id.fields[id.count][0])
        trim_end(id.fields[id.count++]);
    return id;
}

void ident_version(const uint8_t *bytes, size_t n, char ret[static BOUND_NAME + 1])
{
    struct ident id = ident_parse(n ? bytes + 1 : bytes, n ? n - 1 : 0);
    size_t used = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < id.count && used < BOUND_NAME; i++)
        if (id.fields[i][0])
            used += (size_t)snprintf(ret + used, BOUND_NAME + 1 - used, "%s%s", used ? ", " : "", id.fields[i]);
}
