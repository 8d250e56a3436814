/* utf8.h: the one judgement of what clean UTF-8 is. Private to common. Pure. */
#ifndef FAULTLINE_UTF8_H
#define FAULTLINE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length in bytes of the character at `at`, of which n ≥ 1 bytes are there; 0 when it is none (RFC 3629: no overlong
 * form, no surrogate, nothing above U+10FFFF) or a control character (C0, DEL, C1). */
size_t utf8_length(const uint8_t *at, size_t n);

#endif
