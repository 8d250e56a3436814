/* faultline.h: raise and clear faults of this device from an application. The public C interface of libfaultline.
 *
 * The library hands each fault to the agent on the same device over a local socket and waits for its answer. FL_OK
 * means: the agent has it on disk, it survives a power cut, and it will reach the collector whenever there is a network.
 * Everything else means: nothing is promised (after FL_TIMEOUT and FL_GONE the agent may have it nevertheless). Raising
 * again what is active already is harmless, it only counts; so is clearing what is not.
 *
 *     #include <faultline.h>
 *     #include <stdio.h>
 *     int main(void) {
 *         struct fl *fl;
 *         if (fl_open(&fl, NULL) != FL_OK) return 1;
 *         int result = fl_raise(fl, "E4", NULL);
 *         puts(fl_strerror(result));
 *         fl_close(fl);
 *         return result != FL_OK;
 *     }
 *
 *     cc example.c $(pkg-config --cflags --libs faultline)
 *
 * Usable from C11 and C++17. Texts are NUL-terminated UTF-8 without control characters, borrowed for the time
 * of the call; lengths are in bytes without the NUL. Structs start with struct_size, so that a program built
 * against an older header goes on working: fill it with sizeof, and the rest with zeros where you have
 * nothing to say.
 *
 * Threads: one handle belongs to one thread at a time; different handles are independent. After fork() the
 * child opens its own. The library starts no thread, installs no signal handler, raises no SIGPIPE, and never
 * calls setlocale(). Blocking: fl_raise, fl_clear and fl_measure return within the handle's timeout; the
 * others do not block. */
#ifndef FAULTLINE_H
#define FAULTLINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define FL_API __attribute__((visibility("default")))
#else
#define FL_API
#endif

/* What a function returns. Zero is success; numbers are never changed or used again. */
enum fl_result {
    FL_OK = 0,
    FL_INVALID = -1,  /* an argument is outside its range; fl_detail() names it */
    FL_LIMIT = -2,    /* a text or list is too long; fl_detail() names it, its limit and its length */
    FL_NO_AGENT = -3, /* no agent listens on the socket. It may still start: try again later */
    FL_DENIED = -4,   /* the socket's permissions keep this process out (is it in the agent's group?) */
    FL_TIMEOUT = -5,  /* no answer in time. It may or may not have been recorded: call again */
    FL_GONE = -6,     /* the agent went away before it answered. As FL_TIMEOUT */
    FL_RATE = -7,     /* too many requests: try again after fl_retry_after_ms() */
    FL_FULL = -8,     /* the agent has no room for it */
    FL_DISK = -9,     /* the agent's disk failed: it cannot promise anything */
    FL_VERSION = -10, /* the agent speaks another version of the protocol, or the caller is newer than this library */
    FL_SYSTEM = -11,  /* the operating system refused (descriptors, memory); fl_detail() says what */
    FL_HELD = -12,    /* counted, but in the agent's memory only: a power cut would forget it. Call again after
                         fl_retry_after_ms() to be sure */
};

/* How serious the application believes the fault to be for service; the catalogue of the collector decides. */
enum fl_class {
    FL_CLASS_UNSET = 0,
    FL_CLASS_GENERAL = 1,
    FL_CLASS_IMPORTANT = 2,
    FL_CLASS_URGENT = 3,
};

/* Opaque. */
struct fl;

struct fl_options {
    size_t struct_size; /* sizeof(struct fl_options) */
    const char
        *socket_path;    /* the agent's socket, at most 107 bytes. NULL: what FAULTLINE_SOCKET in the environment says
                              * (not in set-user-id programs), else /run/faultline/agent.sock */
    uint32_t timeout_ms; /* the longest a call may take, 1 to 60,000 ms. 0: 1,000 ms */
};

/* One value that was measured when the fault appeared (freeze frame). This struct never changes. */
struct fl_value {
    const char *name; /* 1 to 64 bytes: "head_temp" */
    double value;     /* finite, in `unit` */
    const char *unit; /* at most 16 bytes: "degC", "kPa", "rpm". NULL: none */
};

/* Which fault, and what is known about it. ns, mode and component, with the code, are its identity: give the
 * same ones to fl_raise() and fl_clear(). All else is used by fl_raise() only. */
struct fl_fault {
    size_t struct_size;         /* sizeof(struct fl_fault) */
    const char *ns;             /* namespace of the code, 1 to 32 of [A-Za-z0-9._:-]: "hvac:acme:split". NULL: "app" */
    const char *component;      /* which instance is concerned, at most 64 bytes: "compressor". NULL: the only one */
    const char *subject;        /* the part that is broken when it is not the component, at most 64 bytes. NULL: none */
    uint32_t mode;              /* failure mode within the code, any number. 0 where the namespace has none */
    uint32_t severity;          /* 0 info or not known, 1 maintenance, 2 warning, 3 derate or trip, 4 stop or danger */
    enum fl_class ticket_class; /* FL_CLASS_UNSET leaves it to the catalogue */
    const struct fl_value *frame; /* freeze frame; NULL when frame_count is 0 */
    size_t frame_count;           /* 0 to 32 */
};

/* Makes a handle. Needs no agent: each call connects when there is no connection, so a handle may be opened
 * before the agent runs and outlives its restarts. options may be NULL. FL_OK; FL_INVALID, FL_LIMIT (a wrong
 * option), FL_VERSION, FL_SYSTEM (no memory): *ret_fl is NULL then. */
FL_API int fl_open(struct fl **ret_fl, const struct fl_options *options);

/* Closes the connection and frees the handle. NULL is fine. */
FL_API void fl_close(struct fl *fl);

/* Says that the fault is present. code: 1 to 32 of [A-Za-z0-9._-]; fault may be NULL (namespace "app", no component).
 * FL_OK: it is on disk; or nothing new had to be written, because it is there that the fault is active. Any other value of
 * enum fl_result on failure. */
FL_API int fl_raise(struct fl *fl, const char *code, const struct fl_fault *fault);

/* Says that the fault is gone. code and fault as for fl_raise(). FL_OK also when it was not active. FL_HELD when the fault
 * comes and goes so often that its end is told only once it has come to rest (agent setting flap_limit). */
FL_API int fl_clear(struct fl *fl, const char *code, const struct fl_fault *fault);

/* Adds one sample of a measured value to the next health record, where it appears as min, mean, max and last
 * of the interval. The agent holds it in memory until then. name: 1 to 64 bytes; value: finite; unit: at most
 * 16 bytes, may be NULL. FL_OK; FL_FULL when the agent holds as many different names as it can; any other
 * value on failure. */
FL_API int fl_measure(struct fl *fl, const char *name, double value, const char *unit);

/* About the last call that returned FL_OK: the number of the record that was written, 0 when none was needed. */
FL_API uint64_t fl_number(const struct fl *fl);

/* About the last call that failed: what was wrong, in English, for a log. "" when there is nothing to say
 * beyond fl_strerror(). Borrowed until the next call on this handle. */
FL_API const char *fl_detail(const struct fl *fl);

/* About the last call that failed: after how many milliseconds it is worth trying again; 0 when the agent did
 * not say. */
FL_API uint32_t fl_retry_after_ms(const struct fl *fl);

/* The meaning of a result in one English sentence; never NULL, never freed. Any thread. */
FL_API const char *fl_strerror(int result);

/* The library's version, "0.1.0". Any thread. */
FL_API const char *fl_version(void);

#ifdef __cplusplus
}
#endif

#endif
