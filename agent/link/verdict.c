/* verdict.c: see verdict.h. Texts come from the network. */
#include "verdict.h"

#include <inttypes.h>

#include "log.h"

void verdict_log(const struct verdict *v)
{
    char reason[300], ticket[100];

    log_text(v->ticket, ticket, sizeof ticket);
    switch (v->kind) {
    case VERDICT_OPENED:
    case VERDICT_JOINED:
        log_info("link.ticket", "lane=%s number=%" PRIu64 " ticket=%s verdict=%s", lane_word(v->lane), v->number,
            ticket, verdict_word(v->kind));
        break;
    case VERDICT_REFUSED:
        log_warn("link.refused", "lane=%s number=%" PRIu64 " reason=\"%s\" limit=%" PRIu64 " value=%" PRIu64,
            lane_word(v->lane), v->number, log_text(v->reason, reason, sizeof reason), v->limit, v->value);
        break;
    case VERDICT_SUPPRESSED:
        log_info("link.suppressed", "lane=%s number=%" PRIu64 " rule=\"%s\"", lane_word(v->lane), v->number,
            log_text(v->rule, reason, sizeof reason));
        break;
    case VERDICT_STORED:
    case VERDICT_DUPLICATE:
    case VERDICT_KIND_COUNT:
        log_debug("link.verdict", "lane=%s number=%" PRIu64 " verdict=%s", lane_word(v->lane), v->number,
            verdict_word(v->kind));
        break;
    }
}
