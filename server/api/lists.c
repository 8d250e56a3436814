/* lists.c: see lists.h. */
#include "lists.h"

#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "query.h"
#include "view.h"

static const char *const no_parameters[] = {NULL};

/* ---------------------------------------------------------------- one page */

struct page {
    json_t *items;
    size_t limit;
    json_t *last_key; /* of the last row, for the cursor */
};

static void page_init(struct page *p, int limit)
{
    *p = (struct page){.items = json_array(), .limit = (size_t)limit};
    if (!p->items)
        abort();
}

static void page_add(struct page *p, json_t *item, json_t *key)
{
    json_array_append_new(p->items, item);
    json_decref(p->last_key);
    p->last_key = key;
}

/* A full page may be the last one; then the next is empty. */
static int page_end(struct page *p, const char *list, int rc, json_t **ret)
{
    char *cursor = NULL;

    if (rc != 0) {
        json_decref(p->items);
        json_decref(p->last_key);
        return -1;
    }
    if (p->last_key && json_array_size(p->items) == p->limit)
        cursor = cursor_make(list, json_incref(p->last_key));
    *ret = json_pack("{s:o, s:s?}", "items", p->items, "next_cursor", cursor);
    free(cursor);
    json_decref(p->last_key);
    return 0;
}

/* ---------------------------------------------------------------- tickets */

static const char *ticket_state_name(int state)
{
    return ticket_state_word((enum ticket_state)state);
}

static const char *class_name(int class_)
{
    return class_word((enum ticket_class)class_);
}

static bool add_ticket(void *ctx, const struct ticket_view *row)
{
    const struct ticket *t = &row->ticket;

    page_add(ctx, view_ticket(row),
        json_pack("[I, i, I]", (json_int_t)t->opened.ms, t->number.shard, (json_int_t)t->number.n));
    return true;
}

static int ticket_cursor(const struct query *q, struct ticket_filter *filter, struct fail *f)
{
    json_int_t opened = 0, n = 0;
    int shard = 0;
    json_t *key;

    if (cursor_get(q, "tickets", &key, f) != 0)
        return -1;
    if (key && (json_unpack(key, "[s, I, i, I!]", &(const char *){NULL}, &opened, &shard, &n) != 0 || opened <= 0 ||
                   shard < 0 || shard > UINT8_MAX)) {
        json_decref(key);
        return fail_set(f, FAIL_INPUT, "cursor: not one of this list");
    }
    filter->after_opened.ms = opened;
    filter->after_number = (struct ticket_number){.shard = (uint8_t)shard, .n = n};
    json_decref(key);
    return 0;
}

int lists_tickets(struct store *s, const char *id, const char *query, json_t **ret, struct fail *f)
{
    static const char *const known[] = {"device", "state", "open", "class", "product_line", "limit", "cursor", NULL};
    struct query q;
    struct ticket_filter filter = {0};
    struct page page;
    int open;
    (void)id;

    if (query_parse(query, known, &q, f) != 0 || query_limit(&q, &filter.limit, f) != 0 ||
        query_word(&q, "state", ticket_state_name, TICKET_STATE_COUNT, &filter.state, f) != 0 ||
        query_word(&q, "class", class_name, CLASS_COUNT, &filter.class_, f) != 0 ||
        query_switch(&q, "open", &open, f) != 0 || ticket_cursor(&q, &filter, f) != 0)
        return -1;
    if (open == 0)
        return fail_set(
            f, FAIL_INPUT, "open: allowed is true; for finished tickets use state=closed or state=cancelled");
    filter.only_open = open == 1;
    filter.device = query_get(&q, "device");
    filter.product_line = query_get(&q, "product_line");
    page_init(&page, filter.limit);
    return page_end(&page, "tickets", store_list_tickets(s, &filter, add_ticket, &page, f), ret);
}

int lists_ticket(struct store *s, const char *id, const char *query, json_t **ret, struct fail *f)
{
    struct query q;
    struct ticket_number number;
    struct ticket_view row;

    if (query_parse(query, no_parameters, &q, f) != 0)
        return -1;
    if (!ticket_number_parse(id, &number))
        return fail_set(f, FAIL_NOT_FOUND, "\"%s\" is not a ticket number such as FL-3F-000017", id);
    if (store_get_ticket(s, number, &row, f) != 0)
        return f->code == FAIL_NOT_FOUND ? fail_set(f, FAIL_NOT_FOUND, "no ticket %s", id) : -1;
    *ret = view_ticket(&row);
    return 0;
}

/* ---------------------------------------------------------------- devices */

static bool add_device(void *ctx, const struct device_row *row)
{
    page_add(ctx, view_device(row), json_pack("[i, s]", row->shard, row->device));
    return true;
}

int lists_devices(struct store *s, const char *id, const char *query, json_t **ret, struct fail *f)
{
    static const char *const known[] = {"product_line", "model", "online", "limit", "cursor", NULL};
    struct query q;
    struct device_filter filter = {.after_shard = -1};
    struct page page;
    json_t *key;
    (void)id;

    if (query_parse(query, known, &q, f) != 0 || query_limit(&q, &filter.limit, f) != 0 ||
        query_switch(&q, "online", &filter.online, f) != 0 || cursor_get(&q, "devices", &key, f) != 0)
        return -1;
    if (key && (json_unpack(key, "[s, i, s!]", &(const char *){NULL}, &filter.after_shard, &filter.after_device) != 0 ||
                   filter.after_shard < 0 || filter.after_shard > UINT8_MAX)) {
        json_decref(key);
        return fail_set(f, FAIL_INPUT, "cursor: not one of this list");
    }
    filter.product_line = query_get(&q, "product_line");
    filter.model = query_get(&q, "model");
    page_init(&page, filter.limit);
    int rc = page_end(&page, "devices", store_list_devices(s, &filter, add_device, &page, f), ret);
    json_decref(key); /* after_device was its text */
    return rc;
}

static bool append_part(void *ctx, const struct part *row, struct wall installed, struct wall removed)
{
    json_array_append_new(ctx, view_part(row, installed, removed));
    return true;
}

static bool append_loss(void *ctx, const struct loss_row *row)
{
    json_array_append_new(ctx, view_loss(row));
    return true;
}

static bool keep_health(void *ctx, const struct health_day *row)
{
    json_object_set_new(ctx, "health", view_health(row));
    return true;
}

int lists_device(struct store *s, const char *id, const char *query, json_t **ret, struct fail *f)
{
    struct query q;
    struct device_row row;

    if (query_parse(query, no_parameters, &q, f) != 0)
        return -1;
    if (store_get_device(s, store_shard_of(id), id, &row, f) != 0)
        return f->code == FAIL_NOT_FOUND ? fail_set(f, FAIL_NOT_FOUND, "no device %s", id) : -1;
    json_t *o = view_device(&row), *parts = json_array(), *losses = json_array();
    json_object_set_new(o, "parts", parts);
    json_object_set_new(o, "losses", losses);
    json_object_set_new(o, "health", json_null());
    if (store_each_part(s, row.shard, id, append_part, parts, f) != 0 ||
        store_list_losses(s, row.shard, id, QUERY_LIMIT_USUAL, append_loss, losses, f) != 0 ||
        store_each_health_day(s, row.shard, id, 1, keep_health, o, f) != 0) {
        json_decref(o);
        return -1;
    }
    *ret = o;
    return 0;
}

/* Of a list that has no other parameter. */
static int limit_alone(const char *query, int *ret_limit, struct fail *f)
{
    static const char *const known[] = {"limit", NULL};
    struct query q;

    return query_parse(query, known, &q, f) != 0 ? -1 : query_limit(&q, ret_limit, f);
}

static bool add_transition(void *ctx, const struct transition_row *row)
{
    page_add(ctx, view_transition(row), NULL);
    return true;
}

int lists_transitions(struct store *s, const char *id, const char *query, json_t **ret, struct fail *f)
{
    struct page page;
    int limit;

    if (limit_alone(query, &limit, f) != 0)
        return -1;
    page_init(&page, limit);
    return page_end(
        &page, "transitions", store_list_transitions(s, store_shard_of(id), id, limit, add_transition, &page, f), ret);
}

static bool add_report(void *ctx, const struct report_row *row)
{
    page_add(ctx, view_report(row), NULL);
    return true;
}

int lists_reports(struct store *s, const char *id, const char *query, json_t **ret, struct fail *f)
{
    struct page page;
    int limit;

    if (limit_alone(query, &limit, f) != 0)
        return -1;
    page_init(&page, limit);
    return page_end(&page, "reports", store_list_reports(s, store_shard_of(id), id, limit, add_report, &page, f), ret);
}

/* ---------------------------------------------------------------- audit */

static bool add_audit(void *ctx, const struct audit_row *row)
{
    page_add(ctx, view_audit(row), NULL);
    return true;
}

/* Rows about a thing stand in its shard. */
static uint8_t shard_of_object(const char *object)
{
    struct ticket_number number;

    return ticket_number_parse(object, &number) ? number.shard : store_shard_of(object);
}

int lists_audit(struct store *s, const char *id, const char *query, json_t **ret, struct fail *f)
{
    static const char *const known[] = {"object", "limit", NULL};
    struct query q;
    struct page page;
    const char *object;
    int limit;
    (void)id;

    if (query_parse(query, known, &q, f) != 0 || query_limit(&q, &limit, f) != 0)
        return -1;
    object = query_get(&q, "object");
    if (!object || !*object)
        return fail_set(f, FAIL_INPUT, "object: the id of a device or a ticket's number is needed");
    page_init(&page, limit);
    return page_end(
        &page, "audit", store_list_audit(s, shard_of_object(object), object, limit, add_audit, &page, f), ret);
}

/* ---------------------------------------------------------------- conditions */

static const char *fault_state_name(int state)
{
    return fault_state_word((enum fault_state)state);
}

static bool add_condition(void *ctx, uint8_t shard, const char *device, const struct condition *row)
{
    const struct condition_key *k = &row->key;

    page_add(ctx, view_condition(shard, device, row),
        json_pack("[i, s, s, s, s, s, I, s]", shard, device, k->bus, k->reporter, k->ns, k->code, (json_int_t)k->mode,
            k->component));
    return true;
}

static bool copy(const char *from, char *ret, size_t size)
{
    size_t n = strlen(from);

    if (n >= size)
        return false;
    memcpy(ret, from, n + 1);
    return true;
}

static bool unpack_condition_key(json_t *key, int *ret_shard, const char **ret_device, struct condition_key *ret)
{
    const char *bus, *reporter, *ns, *code, *component;
    json_int_t mode;

    if (json_unpack(key, "[s, i, s, s, s, s, s, I, s!]", &(const char *){NULL}, ret_shard, ret_device, &bus, &reporter,
            &ns, &code, &mode, &component) != 0)
        return false;
    ret->mode = (uint32_t)mode;
    return *ret_shard >= 0 && *ret_shard <= UINT8_MAX && mode >= 0 && mode <= UINT32_MAX &&
           copy(bus, ret->bus, sizeof ret->bus) && copy(reporter, ret->reporter, sizeof ret->reporter) &&
           copy(ns, ret->ns, sizeof ret->ns) && copy(code, ret->code, sizeof ret->code) &&
           copy(component, ret->component, sizeof ret->component);
}

int lists_conditions(struct store *s, const char *id, const char *query, json_t **ret, struct fail *f)
{
    static const char *const known[] = {"device", "state", "limit", "cursor", NULL};
    struct query q;
    struct condition_filter filter = {.after_shard = -1};
    struct condition_key after = {0};
    struct page page;
    json_t *key;
    (void)id;

    if (query_parse(query, known, &q, f) != 0 || query_limit(&q, &filter.limit, f) != 0 ||
        query_word(&q, "state", fault_state_name, FAULT_STATE_COUNT, &filter.state, f) != 0 ||
        cursor_get(&q, "conditions", &key, f) != 0)
        return -1;
    if (key && !unpack_condition_key(key, &filter.after_shard, &filter.after_device, &after)) {
        json_decref(key);
        return fail_set(f, FAIL_INPUT, "cursor: not one of this list");
    }
    filter.after_key = &after;
    filter.device = query_get(&q, "device");
    page_init(&page, filter.limit);
    int rc = page_end(&page, "conditions", store_list_conditions(s, &filter, add_condition, &page, f), ret);
    json_decref(key); /* after_device was its text */
    return rc;
}

/* ---------------------------------------------------------------- reference tables */

/* Small enough to be read whole, but a page has its limit: the cursor counts rows. */
struct slice {
    struct page page;
    json_int_t skip, at;
};

static bool add_to_slice(struct slice *slice, json_t *(*view)(const void *row), const void *row)
{
    if (slice->at++ >= slice->skip)
        page_add(&slice->page, view(row), json_pack("[I]", slice->at));
    return json_array_size(slice->page.items) < slice->page.limit;
}

static json_t *view_catalogue_row(const void *row)
{
    return view_catalogue(row);
}

static json_t *view_policy_row(const void *row)
{
    return view_policy(row);
}

static bool add_catalogue(void *ctx, const struct catalogue_row *row)
{
    return add_to_slice(ctx, view_catalogue_row, row);
}

static bool add_policy(void *ctx, const struct clock_policy *row)
{
    return add_to_slice(ctx, view_policy_row, row);
}

static int slice_init(struct slice *slice, const char *list, const char *query, struct fail *f)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    struct query q;
    json_t *key;
    int limit;

    *slice = (struct slice){0};
    if (query_parse(query, known, &q, f) != 0 || query_limit(&q, &limit, f) != 0 || cursor_get(&q, list, &key, f) != 0)
        return -1;
    if (key && json_unpack(key, "[s, I!]", &(const char *){NULL}, &slice->skip) != 0) {
        json_decref(key);
        return fail_set(f, FAIL_INPUT, "cursor: not one of this list");
    }
    json_decref(key);
    page_init(&slice->page, limit);
    return 0;
}

int lists_catalogue(struct store *s, const char *id, const char *query, json_t **ret, struct fail *f)
{
    struct slice slice;
    (void)id;

    if (slice_init(&slice, "catalogue", query, f) != 0)
        return -1;
    return page_end(&slice.page, "catalogue", store_each_catalogue(s, add_catalogue, &slice, f), ret);
}

int lists_policies(struct store *s, const char *id, const char *query, json_t **ret, struct fail *f)
{
    struct slice slice;
    (void)id;

    if (slice_init(&slice, "policies", query, f) != 0)
        return -1;
    return page_end(&slice.page, "policies", store_each_policy(s, add_policy, &slice, f), ret);
}
