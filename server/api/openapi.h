/* openapi.h: openapi.json, built into the program. */
#ifndef FAULTLINE_OPENAPI_H
#define FAULTLINE_OPENAPI_H

extern const char openapi_json[]; /* NUL-terminated */

#endif
