/* canline.h: one line of a CAN recording or feed to a frame. j1939.h describes the syntax. Pure; any thread. */
#ifndef FAULTLINE_CANLINE_H
#define FAULTLINE_CANLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CANLINE_INTERFACE_BYTES = 17, CAN_DATA_BYTES = 8 };

/* Times outside 0 … this are malformed: the year 2106 and a little, in microseconds. */
#define CANLINE_TIME_MAX_US INT64_C(4300000000000000)

struct can_frame_read {
    bool timed;
    int64_t time_us;                         /* since 1970-01-01 UTC as the recording has it; 0 unless timed */
    char interface[CANLINE_INTERFACE_BYTES]; /* "" = the line names none */
    uint32_t id;                             /* 29 bits */
    uint8_t length;                          /* 0 … 8 */
    uint8_t data[CAN_DATA_BYTES];
};

enum canline {
    CANLINE_FRAME,
    CANLINE_IGNORED, /* nothing for J1939: blank, comment, 11-bit identifier, FD, remote, error frame */
    CANLINE_MALFORMED
};

/* Reads n bytes without their line end (a CR at the end is taken off). *ret is set for CANLINE_FRAME only, *ret_why (a
 * constant text) for CANLINE_MALFORMED only. */
enum canline canline_parse(const char *line, size_t n, struct can_frame_read *ret, const char **ret_why);

#endif
