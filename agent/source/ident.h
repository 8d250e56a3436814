/* ident.h: identification texts of J1939-71/-73: fields that end with '*', to parts and firmware. Pure. */
#ifndef FAULTLINE_IDENT_H
#define FAULTLINE_IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"

enum { IDENT_FIELDS = 5 };

enum { IDENT_COMPONENT_PGN = 65259, IDENT_SOFTWARE_PGN = 65242, IDENT_ECU_PGN = 64965 };

struct ident {
    char fields[IDENT_FIELDS][BOUND_NAME + 1]; /* printable ASCII without spaces around; "" = not given */
    size_t count;
};

/* Cuts the text into fields; what is not printable ASCII is left out, longer fields are cut, further ones ignored. */
struct ident ident_parse(const uint8_t *bytes, size_t n);

/* Software identification: a count byte, then the fields, joined by ", " into one version of at most BOUND_NAME bytes. */
void ident_version(const uint8_t *bytes, size_t n, char ret[static BOUND_NAME + 1]);

#endif
