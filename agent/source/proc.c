/* proc.c: see proc.h. */
#include "proc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A number at text that is followed by one of `after`. */
static bool number_at(const char *text, const char *after, double *ret)
{
    size_t n = strspn(text, "0123456789.-");
    char *end;
    double value = strtod(text, &end);

    if (n == 0 || end != text + n || !isfinite(value) || (*end && !strchr(after, *end)))
        return false;
    *ret = value;
    return true;
}

bool proc_load(const char *text, double *ret_load)
{
    double load;

    if (!number_at(text, " ", &load) || load < 0)
        return false;
    *ret_load = load;
    return true;
}

bool proc_memory_available(const char *text, double *ret_bytes)
{
    static const char key[] = "\nMemAvailable:";
    const char *at = strstr(text, key);
    double kib;

    if (!at)
        return false;
    at += sizeof key - 1;
    if (!number_at(at + strspn(at, " "), " ", &kib) || kib < 0)
        return false;
    *ret_bytes = kib * 1024;
    return true;
}

bool proc_temperature(const char *text, double *ret_celsius)
{
    double thousandths;

    if (!number_at(text, "\n", &thousandths) || thousandths < -55000 || thousandths > 150000 || thousandths == 0)
        return false;
    *ret_celsius = thousandths / 1000;
    return true;
}
