/* identity.c: see identity.h. */
#include "identity.h"

#include <string.h>

static bool is_id_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool identity_is_valid(const char *id)
{
    size_t n = strnlen(id, BOUND_DEVICE_ID + 1);

    if (n < 1 || n > BOUND_DEVICE_ID)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_id_byte(id[i]))
            return false;
    return true;
}

uint8_t identity_shard(const char *id)
{
    uint32_t h = 2166136261u; /* FNV-1a offset basis and prime, 32 bits */

    for (; *id; id++)
        h = (h ^ (uint8_t)*id) * 16777619u;
    return (uint8_t)(h ^ h >> 8 ^ h >> 16 ^ h >> 24);
}

static const char *topic_of(const char *id, const char *direction, char *topic)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t shard = identity_shard(id);
    const char hex[] = {digits[shard >> 4], digits[shard & 15], '/', '\0'};

    strcpy(stpcpy(stpcpy(stpcpy(stpcpy(topic, "fl/1/"), hex), id), "/"), direction);
    return topic;
}

const char *identity_topic_up(const char *id, char topic[static IDENTITY_TOPIC_BYTES])
{
    return topic_of(id, "up", topic);
}

const char *identity_topic_down(const char *id, char topic[static IDENTITY_TOPIC_BYTES])
{
    return topic_of(id, "down", topic);
}

bool identity_from_topic(const char *topic, uint8_t *ret_shard, char ret_id[static BOUND_DEVICE_ID + 1])
{
    enum { ID_AT = 8 }; /* behind "fl/1/b8/" */
    char id[BOUND_DEVICE_ID + 1];
    char expected[IDENTITY_TOPIC_BYTES];
    size_t n = strnlen(topic, IDENTITY_TOPIC_BYTES);

    if (n < ID_AT + 4 || n - ID_AT - 3 > BOUND_DEVICE_ID)
        return false;
    memcpy(id, topic + ID_AT, n - ID_AT - 3);
    id[n - ID_AT - 3] = '\0';
    if (!identity_is_valid(id) || strcmp(topic, identity_topic_up(id, expected)) != 0)
        return false;
    *ret_shard = identity_shard(id);
    strcpy(ret_id, id);
    return true;
}
