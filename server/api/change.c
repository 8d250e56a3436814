/* change.c: see change.h. */
#include "change.h"

#include <jansson.h>
#include <string.h>

static int find_registration(const char *word, enum registration *ret, struct fail *f)
{
    for (enum registration r = 0; r < REGISTRATION_COUNT; r++)
        if (strcmp(store_registration_word(r), word) == 0) {
            *ret = r;
            return 0;
        }
    return fail_set(f, FAIL_INPUT, "registration: allowed are known, blocked");
}

static int check_reason(const char *reason, struct fail *f)
{
    if (!*reason || strlen(reason) > BOUND_REASON)
        return fail_set(f, FAIL_INPUT, "reason: 1 to %d bytes are needed", BOUND_REASON);
    for (const char *c = reason; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return fail_set(f, FAIL_INPUT, "reason: no control characters");
    return 0;
}

static int change(const struct route_call *c, const char *word, const char *reason, struct fail *f)
{
    const struct api_host *host = &c->metrics.host;
    struct registration_change change = {.device = c->id, .who = c->who, .reason = reason};

    if (find_registration(word, &change.registration, f) || check_reason(reason, f))
        return -1;
    if (!host->set_registration)
        return fail_set(f, FAIL_CONFLICT, "nothing can be changed here");
    return host->set_registration(host->ctx, &change, f);
}

int change_registration(const struct route_call *c, struct fail *f)
{
    json_t *body = json_loadb(c->body, c->body_bytes, JSON_REJECT_DUPLICATES, NULL);
    const char *word, *reason;
    int rc;

    if (body && json_unpack_ex(body, NULL, JSON_STRICT, "{s:s, s:s}", "registration", &word, "reason", &reason) == 0)
        rc = change(c, word, reason, f);
    else
        rc = fail_set(f, FAIL_INPUT, "the body is one object of \"registration\" and \"reason\", both texts");
    json_decref(body);
    return rc;
}
