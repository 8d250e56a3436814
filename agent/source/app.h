/* app.h: the source that applications and scripts on this device feed, by libfaultline, faultline-report or their own
 * words (appwire.h). A request is answered when what it caused is safe, up to 32 of them with one sync. */
#ifndef FAULTLINE_APP_H
#define FAULTLINE_APP_H

#include "peers.h"
#include "source.h"

struct app_settings {
    char path[PEERS_PATH_BYTES];
    char group[PEERS_GROUP_BYTES];
    int mode; /* index into the words of the key: 0600, 0660, 0666 */
    int64_t max_connections, rate, burst;
    bool debounce; /* raises and clears go through the policy of their namespace instead of being taken as they are */
};

extern const struct source_type source_app;

#endif
