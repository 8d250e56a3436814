/* show.h: the documents of /api/v1 as tables and lines for people. */
#ifndef FAULTLINE_SHOW_H
#define FAULTLINE_SHOW_H

#include <jansson.h>

#include "cli.h"

/* items: an array of objects as openapi.json describes them. */
void show_tickets(const struct cli *c, const json_t *items);
void show_devices(const struct cli *c, const json_t *items);
void show_audit(const struct cli *c, const json_t *items);
void show_conditions(const struct cli *c, const json_t *items);

void show_ticket(const struct cli *c, const json_t *ticket);
/* conditions: the items of the device's conditions. */
void show_registration(const struct cli *c, const json_t *device);
void show_device(const struct cli *c, const json_t *device, const json_t *conditions);

/* One event of the stream in one line. */
void show_event(const struct cli *c, const char *kind, const json_t *event);

#endif
