/* proc.h: the kernel's text files about this machine, read by content. Pure: the caller brings the text.
 * Each returns false, and leaves its output, when the text is not what the kernel writes. */
#ifndef FAULTLINE_PROC_H
#define FAULTLINE_PROC_H

#include <stdbool.h>

/* /proc/loadavg: the first number, tasks that ran or waited, averaged over a minute. */
bool proc_load(const char *text, double *ret_load);

/* /proc/meminfo: MemAvailable, in bytes. */
bool proc_memory_available(const char *text, double *ret_bytes);

/* /sys/class/thermal/thermal_zone0/temp: thousandths of a degree Celsius. Sensors that are off say 0 or nonsense; what
 * is outside −55 … 150 °C is not a temperature of a board. */
bool proc_temperature(const char *text, double *ret_celsius);

#endif
