/* appwire.h: what applications on a device and its agent say to each other over the local socket.
 *
 * The socket is AF_UNIX, SOCK_SEQPACKET: one packet is one request, one packet is its answer, in the order
 * asked. A program in any language can speak it; libfaultline and faultline-report do.
 *
 *     faultline 1 raise                    faultline 1 accepted
 *     code=E4                              number=17
 *     component=compressor
 *     class=important
 *     frame=head_temp 118.5 degC
 *
 * A packet is UTF-8 text of at most APPWIRE_BYTES, in lines that end with "\n": the greeting "faultline
 * VERSION VERB", then "key=value" in any order. In a value %XX is the byte with that hexadecimal number; "%"
 * must be written so, and so must a space inside a name or unit of "frame". Control bytes are refused, also
 * when escaped. A key that the verb does not know, or that comes twice, is refused, so nothing is dropped
 * unnoticed. (Only frame repeats.)
 *
 *     verb     keys (* = required)
 *     raise    code* ns mode component subject severity class frame…
 *     clear    code* ns mode component
 *     measure  name* value* unit
 *
 *     code       1 to 32 of [A-Za-z0-9._-]
 *     ns         namespace, 1 to 32 of [A-Za-z0-9._:-]; left out: "app"
 *     mode       0 … 4294967295; left out: 0
 *     component  which instance is concerned, at most 64 bytes
 *     subject    the part that is broken when it is not the component itself, at most 64 bytes
 *     severity   0 info (or not said), 1 maintenance, 2 warning, 3 derate or trip, 4 stop or danger
 *     class      general, important or urgent: what the application asks for; the catalogue decides
 *     frame      "NAME VALUE" or "NAME VALUE UNIT": one value of the freeze frame; at most 32
 *     name       of a measure, 1 to 64 bytes; unit at most 16 bytes
 *     value      a finite decimal number with a point: "-12.5e3"
 *
 * Answers
 *     accepted   number   the record's number on the fault lane; 0 when there was nothing new to record: the fault was in
 *                         that state already, or it is a measure
 *                "accepted" is said only after the record would survive a power cut; a measure is held in memory until
 *                the next health record.
 *     refused    reason   see enum appwire_reason: the agent promises nothing
 *                text     the agent's words for a person
 *                limit, value     where a bound was broken: what is allowed, what was given
 *                retry_after_ms   where trying again may help
 * A reader skips keys of an answer that it does not know. An agent of another version answers "faultline ITS_VERSION
 * refused" with reason=version; the words "refused", reason and text keep their meaning in every version.
 *
 * The functions here only turn bytes into structs and back. They take no memory, never block; any thread. */
#ifndef FAULTLINE_APPWIRE_H
#define FAULTLINE_APPWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "fail.h"
#include "record.h"

enum {
    APPWIRE_VERSION = 1,
    APPWIRE_BYTES = 12 * 1024, /* one packet: every text and list at its cap, every byte escaped, fits */
    APPWIRE_ANSWER_BYTES = 1024,
};

/* Where agent and applications meet unless a setting or FAULTLINE_SOCKET says otherwise. */
#define APPWIRE_SOCKET "/run/faultline/agent.sock"

enum appwire_verb { APPWIRE_RAISE, APPWIRE_CLEAR, APPWIRE_MEASURE, APPWIRE_VERB_COUNT };

struct appwire_request {
    enum appwire_verb verb;
    /* raise, clear; texts never NULL */
    const char *ns, *code, *component, *subject;
    uint32_t mode;
    uint8_t severity;
    enum ticket_class class_hint;
    struct frame_value frame[BOUND_FRAME_VALUES];
    size_t frame_count;
    /* measure */
    struct frame_value measure;
};

enum appwire_reason {
    APPWIRE_NONE,      /* accepted */
    APPWIRE_MALFORMED, /* not this protocol, a missing or unknown key, a value outside its range */
    APPWIRE_NEWER,     /* a version the agent does not speak */
    APPWIRE_LIMIT,     /* a text, a list or the packet is too long; limit and value say by how much */
    APPWIRE_RATE,      /* too many requests in a short time: try again after retry_after_ms */
    APPWIRE_FULL,      /* no room in the spool, in the monitor's table, or in the share of this user */
    APPWIRE_DISK,      /* the disk failed: the agent cannot promise anything */
    APPWIRE_HELD,      /* counted, but in memory only, because the fault comes and goes too often, or because its policy
                          (app.debounce) wants more: a power cut would forget it. Ask again to be sure */
    APPWIRE_REASON_COUNT
};

struct appwire_answer {
    enum appwire_reason reason; /* APPWIRE_NONE = accepted */
    uint64_t number;
    const char *text; /* never NULL */
    uint64_t limit, value;
    uint32_t retry_after_ms;
};

/* Writes a request as one packet. Outputs the length.
 * FAIL_INPUT: a text or number outside what is said above; FAIL_LIMIT: too long. The text names the key. */
must_check int appwire_request_encode(
    const struct appwire_request *r, char *buf, size_t cap, size_t *ret_bytes, struct fail *f);

/* Reads a request. Texts of ret point into packet, whose n bytes are changed in the process, or are literals.
 * On failure ret_refusal is the answer to send (its text is borrowed from f); on success it is untouched. */
must_check int appwire_request_decode(
    char *packet, size_t n, struct appwire_request *ret, struct appwire_answer *ret_refusal, struct fail *f);

/* Writes an answer as one packet; a text that does not fit is left out. cap ≥ APPWIRE_ANSWER_BYTES. Returns
 * the length. */
size_t appwire_answer_encode(const struct appwire_answer *a, char *buf, size_t cap);

/* Reads an answer; its text points into packet, which is changed. FAIL_INPUT: not an answer of this protocol;
 * FAIL_NEWER: an acceptance of another version. */
must_check int appwire_answer_decode(char *packet, size_t n, struct appwire_answer *ret, struct fail *f);

/* "raise", "malformed", … Never NULL. */
const char *appwire_verb_word(enum appwire_verb verb);
const char *appwire_reason_word(enum appwire_reason reason);

#endif
