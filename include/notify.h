/* notify.h: tells the service manager how the service is (sd_notify(3), without its library).
 *
 * Without NOTIFY_SOCKET in the environment nothing happens, and nothing here ever fails: a service does not depend on
 * being watched. Any thread; never blocks. */
#ifndef FAULTLINE_NOTIFY_H
#define FAULTLINE_NOTIFY_H

#include <stdint.h>

/* One datagram of lines such as "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=connected"; at most 511 bytes. */
void notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How long the manager waits for a WATCHDOG=1 before it ends us, in ms; 0 = it does not watch. Send one at half of it. */
int64_t notify_watchdog_ms(void);

#endif
