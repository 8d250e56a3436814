/* address.h: the broker's address as it stands in the settings of both programs. Pure. Any thread. */
#ifndef FAULTLINE_ADDRESS_H
#define FAULTLINE_ADDRESS_H

#include "fail.h"

enum { ADDRESS_HOST_BYTES = 256 }; /* a host name has at most 253 */

struct address {
    char host[ADDRESS_HOST_BYTES]; /* name, address, or the path of a Unix socket */
    int port;                      /* 0 = Unix socket */
};

/* "unix:/path", "host:port", "[v6 address]:port". FAIL_SETTINGS for anything else. */
must_check int address_parse(const char *text, struct address *ret, struct fail *f);

#endif
