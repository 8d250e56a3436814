/* appwire: any bytes on the local socket, as a request and as an answer. What is accepted can be written
 * again and reads the same; what is refused says why. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appwire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void same_fault(const struct appwire_request *a, const struct appwire_request *b)
{
    assert(strcmp(a->ns, b->ns) == 0 && strcmp(a->code, b->code) == 0 && a->mode == b->mode);
    assert(strcmp(a->component, b->component) == 0 && strcmp(a->subject, b->subject) == 0);
    assert(a->severity == b->severity && a->class_hint == b->class_hint && a->frame_count == b->frame_count);
    for (size_t i = 0; i < a->frame_count; i++)
        assert(strcmp(a->frame[i].name, b->frame[i].name) == 0 && a->frame[i].value == b->frame[i].value &&
               strcmp(a->frame[i].unit, b->frame[i].unit) == 0);
}

static void write_again(const struct appwire_request *r)
{
    static char packet[APPWIRE_BYTES];
    struct appwire_answer refusal;
    struct appwire_request back;
    struct fail f;
    size_t n;

    assert(appwire_request_encode(r, packet, sizeof packet, &n, &f) == 0);
    assert(appwire_request_decode(packet, n, &back, &refusal, &f) == 0);
    assert(back.verb == r->verb);
    same_fault(r, &back);
    assert(strcmp(back.measure.name, r->measure.name) == 0 && back.measure.value == r->measure.value);
}

static void try_request(char *packet, size_t n)
{
    struct appwire_answer refusal = {0};
    struct appwire_request r;
    char answer[APPWIRE_ANSWER_BYTES];
    struct fail f;

    if (appwire_request_decode(packet, n, &r, &refusal, &f) == 0) {
        write_again(&r);
        return;
    }
    assert(refusal.reason != APPWIRE_NONE && *refusal.text);
    size_t bytes = appwire_answer_encode(&refusal, answer, sizeof answer);
    struct appwire_answer back;
    assert(appwire_answer_decode(answer, bytes, &back, &f) == 0 && back.reason == refusal.reason);
}

static void try_answer(char *packet, size_t n)
{
    struct appwire_answer a;
    struct fail f;

    if (appwire_answer_decode(packet, n, &a, &f) == 0)
        assert(a.reason < APPWIRE_REASON_COUNT && a.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *packet = malloc(n + (n == 0));

    if (!packet)
        abort();
    memcpy(packet, data, n);
    try_request(packet, n);
    memcpy(packet, data, n);
    try_answer(packet, n);
    free(packet);
    return 0;
}
