/* lists.h: the questions of /api/v1 put to the store: a query string in, one JSON document out.
 *
 * Lists come as {"items": […], "next_cursor": TEXT or null}. Fails: FAIL_INPUT (a parameter), FAIL_NOT_FOUND, or what
 * the store met. *ret is a new document of the caller. Blocks on the store; any thread. */
#ifndef FAULTLINE_LISTS_H
#define FAULTLINE_LISTS_H

#include <jansson.h>

#include "fail.h"
#include "store.h"

/* id: the variable segment of the path, "" where the path has none. query: as sent. */
typedef int list_question(struct store *s, const char *id, const char *query, json_t **ret, struct fail *f);

list_question lists_tickets;
list_question lists_ticket;
list_question lists_devices;
list_question lists_device;
list_question lists_transitions;
list_question lists_reports;
list_question lists_audit;
list_question lists_conditions;
list_question lists_catalogue;
list_question lists_policies;

#endif
