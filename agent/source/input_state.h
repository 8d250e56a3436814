/* input_state.h: what the parts of an input share: input.c (life, text feeds), recording.c (pace), canraw.c (the bus).
 * Inside agent/source only. */
#ifndef FAULTLINE_INPUT_STATE_H
#define FAULTLINE_INPUT_STATE_H

#include <event2/event.h>

#include "input.h"

enum { INPUT_READ_BYTES = 16384 };

struct input {
    struct input_spec spec;
    const struct source_env *env;
    struct input_sink sink;
    struct canlog log;
    int fd; /* -1: none now */
    struct event *ready;
    struct event *timer; /* pace of a recording, or the next attempt */
    int64_t retry_ms;
    char bytes[INPUT_READ_BYTES];

    /* recording.c */
    struct canlog_time time;
    struct stamp opened;
    struct can_frame_read next;
    bool has_next;
    const char *unread;
    size_t unread_bytes;
};

/* Starts to hand out the recording at fd. */
void recording_start(struct input *in);

/* Opens the bus; FAIL_PEER and FAIL_IO: try again later. FAIL_NOT_FOUND: this kernel or program has no CAN. */
must_check int canraw_open(const char *interface, int *ret_fd, struct fail *f);
/* Reads one frame. 1: *ret is set; 0: none now, or one that is not for us; -1: the bus is gone. */
int canraw_read(int fd, const char *interface, struct can_frame_read *ret);

/* After ms, timer is called. */
void input_after(struct event *timer, int64_t ms);

#endif
