/* canraw.c: frames of a CAN bus through the kernel's CAN_RAW sockets. Listens, never sends. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "input_state.h"

#ifdef WITH_CAN

#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <net/if.h>

/* The parameter groups that j1939_bus.c looks at; everything else stays in the kernel, which on a busy bus is nine
 * frames in ten. Directed groups match with any destination. */
enum { DIRECTED = 0x03FF0000, BROADCAST = 0x03FFFF00 };
#define GROUP(id, mask)                                                                                                \
    {                                                                                                                  \
        (id) | CAN_EFF_FLAG, (mask) | CAN_EFF_FLAG | CAN_RTR_FLAG                                                      \
    }

static const struct can_filter filters[] = {
    GROUP(0x00E80000, DIRECTED),  /* acknowledgement */
    GROUP(0x00EA0000, DIRECTED),  /* request */
    GROUP(0x00EB0000, DIRECTED),  /* transport data */
    GROUP(0x00EC0000, DIRECTED),  /* transport control */
    GROUP(0x00EE0000, DIRECTED),  /* address claimed */
    GROUP(0x00FECA00, BROADCAST), /* DM1 */
    GROUP(0x00FEEB00, BROADCAST), /* component identification */
    GROUP(0x00FEDA00, BROADCAST), /* software identification */
    GROUP(0x00FDC500, BROADCAST), /* ECU identification */
};

static int configure(int fd, const char *interface, struct fail *f)
{
    struct sockaddr_can address = {.can_family = AF_CAN, .can_ifindex = (int)if_nametoindex(interface)};
    can_err_mask_t errors = CAN_ERR_BUSOFF;

    if (address.can_ifindex == 0)
        return fail_sys(f, "can:%s", interface);
    if (setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FILTER, filters, sizeof filters) != 0 ||
        setsockopt(fd, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &errors, sizeof errors) != 0)
        return fail_sys(f, "can:%s: filter", interface);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return fail_sys(f, "can:%s: bind", interface);
    return 0;
}

int canraw_open(const char *interface, int *ret_fd, struct fail *f)
{
    autoclose int fd = socket(PF_CAN, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, CAN_RAW);

    if (fd < 0 && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT))
        return fail_set(f, FAIL_NOT_FOUND, "can:%s: this kernel has no CAN_RAW", interface);
    if (fd < 0)
        return fail_sys(f, "can:%s: socket", interface);
    if (configure(fd, interface, f) != 0)
        return -1;
    *ret_fd = take_fd(&fd);
    return 0;
}

int canraw_read(int fd, const char *interface, struct can_frame_read *ret)
{
    struct can_frame frame;
    ssize_t n = read(fd, &frame, sizeof frame);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (n != sizeof frame || frame.len > CAN_DATA_BYTES)
        return 0;
    if (frame.can_id & CAN_ERR_FLAG)
        return frame.can_id & CAN_ERR_BUSOFF ? -1 : 0;
    *ret = (struct can_frame_read){.id = frame.can_id & CAN_EFF_MASK, .length = frame.len};
    memcpy(ret->data, frame.data, frame.len);
    snprintf(ret->interface, sizeof ret->interface, "%s", interface);
    return 1;
}

#else

int canraw_open(const char *interface, int *ret_fd, struct fail *f)
{
    (void)ret_fd;
    return fail_set(f, FAIL_NOT_FOUND, "can:%s: this program was built without CAN", interface);
}

int canraw_read(int fd, const char *interface, struct can_frame_read *ret)
{
    (void)fd;
    (void)interface;
    (void)ret;
    return -1;
}

#endif
