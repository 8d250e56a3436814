/* openapi.c: the document as the assembler reads it (path from the root of the tree, where the build runs). */
#include "openapi.h"

__asm__(".pushsection .rodata\n"
        ".global openapi_json\n"
        ".hidden openapi_json\n"
        "openapi_json:\n"
        ".incbin \"server/api/openapi.json\"\n"
        ".byte 0\n"
        ".popsection\n");
