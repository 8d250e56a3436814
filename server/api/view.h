/* view.h: rows of the store as the JSON objects of /api/v1 (openapi.json lists their keys). Ids are strings, times RFC
 * 3339 UTC, what is unknown is null or "". Each returns a new object that the caller owns. Pure. Any thread. */
#ifndef FAULTLINE_VIEW_H
#define FAULTLINE_VIEW_H

#include <jansson.h>

#include "store.h"

json_t *view_ticket(const struct ticket_view *row);
json_t *view_device(const struct device_row *row);
json_t *view_condition(uint8_t shard, const char *device, const struct condition *row);
/* With the freeze frame and the raw bytes of the record as the device sent it. */
json_t *view_transition(const struct transition_row *row);
/* Any other record of the fault lane; of lifecycle records with what they say. */
json_t *view_report(const struct report_row *row);
json_t *view_audit(const struct audit_row *row);
json_t *view_loss(const struct loss_row *row);
json_t *view_part(const struct part *row, struct wall installed, struct wall removed);
json_t *view_health(const struct health_day *row);
json_t *view_catalogue(const struct catalogue_row *row);
json_t *view_policy(const struct clock_policy *row);
/* json "" or broken: data is null. */
json_t *view_event(const struct event_row *row);

#endif
