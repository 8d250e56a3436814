/* snapshot.h: the hash by which agent and collector know that they hold the same faults (proto Snapshot.hash).
 *
 * FNV-1a, 64 bits, over each fault in the order sent: bus, ns, code, component (each with its NUL), then reporter kind
 * (1 byte), reporter (8), mode (4), ambiguous (1), state `to` (1), numbers little-endian. All parts of a snapshot, one
 * after the other, make one hash. Pure. */
#ifndef FAULTLINE_SNAPSHOT_H
#define FAULTLINE_SNAPSHOT_H

#include "record.h"

static const uint64_t SNAPSHOT_HASH_START = UINT64_C(0xcbf29ce484222325);

/* The hash with one more fault. */
uint64_t snapshot_hash_add(uint64_t hash, const struct fault_report *r);

#endif
