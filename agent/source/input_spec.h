/* input_spec.h: the text that says where frames come from (j1939.h describes it), read into a struct. Pure. */
#ifndef FAULTLINE_INPUT_SPEC_H
#define FAULTLINE_INPUT_SPEC_H

#include <stdbool.h>
#include <sys/socket.h>

#include "bounds.h"
#include "fail.h"

enum input_kind { INPUT_FILE, INPUT_STDIN, INPUT_TCP, INPUT_CAN };

enum { INPUT_PATH_BYTES = 512, INPUT_INTERFACE_BYTES = 16 };

struct input_spec {
    enum input_kind kind;
    char path[INPUT_PATH_BYTES];     /* INPUT_FILE */
    bool fast;                       /* INPUT_FILE: speed=0 */
    struct sockaddr_storage address; /* INPUT_TCP: a loopback address */
    socklen_t address_bytes;
    char interface[INPUT_INTERFACE_BYTES]; /* INPUT_CAN */
};

/* FAIL_SETTINGS with what is allowed. */
must_check int input_spec_parse(const char *text, struct input_spec *ret, struct fail *f);

#endif
