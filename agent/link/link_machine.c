/* link_machine.c: see link_machine.h. */
#include "link_machine.h"

#include <assert.h>
#include <string.h>

enum { REASON_NO_SUBSCRIBERS = 0x10, REASON_FAILURE = 0x80 }; /* MQTT 5, 2.4 */

void link_machine_init(struct link_machine *m, const struct link_policy *policy, const struct rng *rng, uint64_t epoch)
{
    *m = (struct link_machine){.policy = *policy, .rng = rng};
    link_machine_new_epoch(m, epoch);
}

void link_machine_new_epoch(struct link_machine *m, uint64_t epoch)
{
    m->epoch = epoch;
    m->window_count = 0;
    for (size_t lane = 0; lane < LANE_COUNT; lane++)
        m->lanes[lane] = (struct link_lane){.first = 1, .sent = 1, .highest = 1};
}

static struct mono after(struct mono t, int64_t ms)
{
    return (struct mono){t.ms + ms};
}

/* First, 2 × first, 4 × first … max. */
static int64_t bound(int64_t first_ms, int64_t max_ms, unsigned attempt)
{
    int64_t ms = first_ms;

    while (attempt-- > 0 && ms < max_ms)
        ms *= 2;
    return ms < max_ms ? ms : max_ms;
}

/* Random below that: "full jitter", which spreads a fleet best after a common failure (Brooker, "Exponential Backoff And
 * Jitter", 2015). */
static int64_t jitter(const struct link_machine *m, int64_t first_ms, int64_t max_ms, unsigned attempt)
{
    return (int64_t)rng_below(m->rng, (uint64_t)bound(first_ms, max_ms, attempt));
}

static void enter(struct link_machine *m, enum link_state state, struct mono now)
{
    m->state = state;
    m->since = now;
}

/* ---------------------------------------------------------------- the window */

static size_t waiting(const struct link_machine *m, enum lane lane)
{
    size_t n = 0;

    for (size_t i = 0; i < m->window_count; i++)
        n += m->window[i].lane == lane;
    return n;
}

static bool is_unacked(const struct link_machine *m)
{
    for (size_t i = 0; i < m->window_count; i++)
        if (!m->window[i].acked)
            return true;
    return false;
}

/* Forgets the messages of a lane whose records all lie below a number. */
static void close_below(struct link_machine *m, enum lane lane, uint64_t below)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->window_count; i++)
        if (m->window[i].lane != lane || m->window[i].last >= below)
            m->window[kept++] = m->window[i];
    m->window_count = kept;
}

static void send_from(struct link_machine *m, enum lane lane, uint64_t number)
{
    close_below(m, lane, UINT64_MAX);
    m->lanes[lane].sent = number;
}

static void arm_resend(struct link_machine *m, struct link_lane *l, struct mono now)
{
    const struct link_policy *p = &m->policy;

    l->resend = after(now, p->resend_first_ms + jitter(m, p->resend_first_ms, p->resend_max_ms, l->resends));
}

/* Nobody listened, so no receipt will come: as above, but in the upper half of what chance may give. */
static void put_off_resend(struct link_machine *m, struct link_lane *l, struct mono now)
{
    const struct link_policy *p = &m->policy;
    int64_t half_ms = bound(p->resend_first_ms, p->resend_max_ms, l->resends) / 2;

    l->resend = after(now, p->resend_first_ms + half_ms + (int64_t)rng_below(m->rng, (uint64_t)half_ms));
}

/* ---------------------------------------------------------------- what happened */

void link_machine_start(struct link_machine *m, struct mono now)
{
    assert(m->state == LINK_IDLE);
    enter(m, LINK_BACKING_OFF, now);
    m->retry = now;
}

void link_machine_connected(struct link_machine *m, struct mono now, const uint64_t first[static LANE_COUNT])
{
    assert(m->state == LINK_CONNECTING);
    enter(m, LINK_CONNECTED, now);
    m->counters.connects++;
    m->window_count = 0;
    m->unheard = false;
    for (size_t lane = 0; lane < LANE_COUNT; lane++) {
        struct link_lane *l = &m->lanes[lane];

        l->first = l->sent = first[lane];
        if (l->highest < first[lane])
            l->highest = first[lane];
        l->answered = 0;
    }
}

void link_machine_lost(struct link_machine *m, struct mono now)
{
    if (m->state == LINK_IDLE || m->state == LINK_BACKING_OFF)
        return;
    if (m->state == LINK_CONNECTED) {
        m->counters.losses++;
        if (now.ms - m->since.ms >= m->policy.stable_ms)
            m->attempts = 0;
    }
    enter(m, LINK_BACKING_OFF, now);
    m->retry = after(now, jitter(m, m->policy.backoff_first_ms, m->policy.backoff_max_ms, m->attempts));
    m->attempts++;
    m->window_count = 0;
}

void link_machine_hurry(struct link_machine *m, struct mono now)
{
    m->attempts = 0;
    if (m->state != LINK_BACKING_OFF)
        return;
    struct mono retry = after(now, jitter(m, m->policy.backoff_first_ms, m->policy.backoff_max_ms, 0));
    if (retry.ms < m->retry.ms)
        m->retry = retry;
}

void link_machine_sent(struct link_machine *m, struct mono now, enum lane lane, uint64_t last, int id)
{
    struct link_lane *l = &m->lanes[lane];

    assert(m->state == LINK_CONNECTED && m->window_count < LINK_WINDOW && last >= l->sent);
    if (!is_unacked(m))
        m->heard = now;
    if (waiting(m, lane) == 0)
        arm_resend(m, l, now);
    m->window[m->window_count++] = (struct link_message){.lane = lane, .last = last, .id = id};
    l->sent = last + 1;
    if (l->highest < l->sent)
        l->highest = l->sent;
    m->counters.messages++;
}

static void message_refused(struct link_machine *m, struct mono now)
{
    int64_t pause_ms =
        m->policy.backoff_first_ms + jitter(m, m->policy.backoff_first_ms, m->policy.backoff_max_ms, m->refusals);

    m->counters.refused_messages++;
    m->refusals++;
    for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
        send_from(m, lane, m->lanes[lane].first);
        m->lanes[lane].hold = after(now, pause_ms);
    }
}

/* The oldest message of its lane that waits. */
static bool is_first(const struct link_machine *m, const struct link_message *message)
{
    for (const struct link_message *other = m->window; other < message; other++)
        if (other->lane == message->lane)
            return false;
    return true;
}

void link_machine_acked(struct link_machine *m, struct mono now, int id, int reason)
{
    for (size_t i = 0; i < m->window_count; i++) {
        struct link_message *message = &m->window[i];

        if (message->id != id || message->acked)
            continue;
        m->heard = now;
        message->acked = true;
        m->unheard = reason == REASON_NO_SUBSCRIBERS;
        if (reason < REASON_FAILURE)
            m->refusals = 0;
        if (m->unheard && is_first(m, message))
            put_off_resend(m, &m->lanes[message->lane], now);
        if (reason >= REASON_FAILURE)
            message_refused(m, now);
        return;
    }
}

/* The collector pauses a lane: it has not kept what lies at next and above. */
static void hold_lane(struct link_machine *m, struct mono now, struct link_lane *l, uint32_t retry_after_ms)
{
    int64_t ms = retry_after_ms;

    if (ms > m->policy.retry_after_max_ms)
        ms = m->policy.retry_after_max_ms;
    /* Half as much again by chance, or everybody who was paused together would come back together. */
    l->hold = after(now, ms + (int64_t)rng_below(m->rng, (uint64_t)ms / 2 + 1));
}

struct link_effect link_machine_receipt(
    struct link_machine *m, struct mono now, uint64_t epoch, const struct lane_receipt *r)
{
    struct link_lane *l = &m->lanes[r->lane];
    struct link_effect effect = {0};

    if (m->state != LINK_CONNECTED)
        return effect;
    m->counters.receipts++;
    if (epoch != m->epoch) {
        m->counters.receipts_foreign++;
        return effect;
    }
    if (r->next > l->highest || r->next == 0) {
        m->counters.receipts_beyond++;
        return effect;
    }
    m->unheard = false;
    if (r->next > l->first) {
        effect.free_below = r->next;
        l->first = r->next;
        if (l->sent < r->next)
            l->sent = r->next;
        l->answered = 0;
        l->resends = 0;
        close_below(m, r->lane, r->next);
        arm_resend(m, l, now);
    }
    if (r->retry_after_ms) {
        hold_lane(m, now, l, r->retry_after_ms);
        if (r->next >= l->first)
            send_from(m, r->lane, r->next);
    } else {
        l->hold = now;
    }
    if (r->resume && r->next < l->sent && l->answered != r->next) {
        l->answered = r->next;
        m->counters.resends++;
        if (r->next < l->first)
            effect.rewind_to = r->next;
        else
            send_from(m, r->lane, r->next);
    }
    return effect;
}

bool link_machine_contradicts(struct link_machine *m, uint64_t epoch, const struct lane_receipt *lanes, size_t count,
    const uint64_t next[static LANE_COUNT])
{
    if (m->state != LINK_CONNECTED || epoch != m->epoch)
        return false;
    for (size_t i = 0; i < count; i++)
        if (lanes[i].next > next[lanes[i].lane]) {
            m->counters.receipts_beyond++;
            return true;
        }
    return false;
}

void link_machine_rewound(struct link_machine *m, enum lane lane, uint64_t first)
{
    m->lanes[lane].first = first;
    send_from(m, lane, first);
}

/* ---------------------------------------------------------------- what to do now */

/* Nothing of the lane is on its way to the broker any more, but a receipt is missing. */
static bool awaits_receipt(const struct link_machine *m, enum lane lane)
{
    bool any = false;

    for (size_t i = 0; i < m->window_count; i++)
        if (m->window[i].lane == lane) {
            if (!m->window[i].acked)
                return false;
            any = true;
        }
    return any;
}

static bool has_room(const struct link_machine *m, enum lane lane)
{
    if (lane == LANE_HEALTH && waiting(m, LANE_HEALTH) >= LINK_WINDOW_HEALTH)
        return false;
    return m->window_count < LINK_WINDOW;
}

static bool has_work(const struct link_machine *m, enum lane lane, const uint64_t next[static LANE_COUNT])
{
    const struct link_lane *l = &m->lanes[lane];

    if (m->unheard && l->sent < l->highest && waiting(m, lane) > 0)
        return false; /* it was sent before: one message asks for all of them */
    return l->sent < next[lane] && has_room(m, lane);
}

static void resend_silent_lanes(struct link_machine *m, struct mono now)
{
    for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
        struct link_lane *l = &m->lanes[lane];

        if (!awaits_receipt(m, lane) || now.ms < l->resend.ms)
            continue;
        l->resends++;
        l->answered = 0;
        m->counters.resends++;
        send_from(m, lane, l->first);
    }
}

static bool is_dead(const struct link_machine *m, struct mono now)
{
    if (m->state == LINK_CONNECTING)
        return now.ms - m->since.ms >= m->policy.connect_timeout_ms;
    return is_unacked(m) && now.ms - m->heard.ms >= m->policy.ack_timeout_ms;
}

enum link_todo link_machine_todo(
    struct link_machine *m, struct mono now, const uint64_t next[static LANE_COUNT], enum lane *ret_lane)
{
    if (m->state == LINK_IDLE)
        return LINK_WAIT;
    if (m->state == LINK_BACKING_OFF) {
        if (now.ms < m->retry.ms)
            return LINK_WAIT;
        enter(m, LINK_CONNECTING, now);
        return LINK_CONNECT;
    }
    if (is_dead(m, now)) {
        link_machine_lost(m, now);
        return LINK_DROP;
    }
    if (m->state != LINK_CONNECTED)
        return LINK_WAIT;
    resend_silent_lanes(m, now);
    for (enum lane lane = 0; lane < LANE_COUNT; lane++)
        if (has_work(m, lane, next) && now.ms >= m->lanes[lane].hold.ms) {
            *ret_lane = lane;
            return LINK_SEND;
        }
    return LINK_WAIT;
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

int64_t link_machine_due_ms(const struct link_machine *m, struct mono now, const uint64_t next[static LANE_COUNT])
{
    int64_t at_ms = INT64_MAX;

    if (m->state == LINK_BACKING_OFF)
        at_ms = m->retry.ms;
    if (m->state == LINK_CONNECTING)
        at_ms = m->since.ms + m->policy.connect_timeout_ms;
    if (m->state == LINK_CONNECTED) {
        if (is_unacked(m))
            at_ms = m->heard.ms + m->policy.ack_timeout_ms;
        for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
            if (awaits_receipt(m, lane))
                at_ms = earlier(at_ms, m->lanes[lane].resend.ms);
            if (has_work(m, lane, next))
                at_ms = earlier(at_ms, m->lanes[lane].hold.ms);
        }
    }
    if (at_ms == INT64_MAX)
        return -1;
    return at_ms > now.ms ? at_ms - now.ms : 0;
}
