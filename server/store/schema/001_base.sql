-- 001_base.sql: devices, their faults, tickets and clocks.
--
-- One text for SQLite and PostgreSQL; BLOB and TEXT become what the driver calls them (text compares byte by byte).
-- Rules: every key starts with the shard (identity_shard() of the device or of its gateway); no column is NULL, "" and 0
-- mean unknown; the logs (transition, report, loss, audit, event) are append-only without a unique index, duplicates are
-- settled by lane.next; no triggers, no serial columns. Small reference tables (catalogue, clock_policy) have no shard.
-- Units: *_ms is milliseconds, moments are since 1970-01-01 UTC, bound_ms is the ± of the moment before it.
-- Epochs are 64-bit patterns in a signed column. Enums are numbers and never renumbered.
--   fault state  0 untested 1 pending 2 confirmed 3 healed 4 stale 5 cleared 6 aged
--   class        0 unset 1 general 2 important 3 urgent
--   ticket state 0 new 1 triaged 2 assigned 3 in progress 4 waiting 5 resolved | 6 closed 7 cancelled
--   clock kind   0 triage 1 first response
--   clock state  0 running 1 met 2 breached 3 met late 4 no target 5 cancelled

CREATE TABLE device (
    shard SMALLINT NOT NULL,
    device TEXT NOT NULL,          -- id, or "<gateway>:<child>"
    gateway TEXT NOT NULL,         -- the device it stands behind; "" = reports by itself
    registration SMALLINT NOT NULL,-- 0 known 1 blocked
    product_line TEXT NOT NULL,
    model TEXT NOT NULL,
    serial TEXT NOT NULL,
    hardware TEXT NOT NULL,        -- revision
    firmware TEXT NOT NULL,        -- version of the main component
    enrolled_ms BIGINT NOT NULL,   -- first seen or entered
    last_seen_ms BIGINT NOT NULL,  -- by the collector's clock
    online SMALLINT NOT NULL,      -- 0, 1
    epoch BIGINT NOT NULL,         -- the newest life of its spool
    session BIGINT NOT NULL,       -- the newest connection of that epoch, from 1
    spool_resets BIGINT NOT NULL,  -- epochs seen beyond the first
    cloned SMALLINT NOT NULL,      -- 1: two epochs alternated
    PRIMARY KEY (shard, device)
);
CREATE INDEX device_online ON device (shard) WHERE online = 1;

-- The watermark: all records of the lane below next are stored.
CREATE TABLE lane (
    shard SMALLINT NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    lane SMALLINT NOT NULL,        -- 0 fault 1 health
    next BIGINT NOT NULL,
    PRIMARY KEY (shard, device, epoch, lane)
);

-- What is known now of one fault on one device.
CREATE TABLE condition (
    shard SMALLINT NOT NULL,
    device TEXT NOT NULL,
    bus TEXT NOT NULL,
    reporter TEXT NOT NULL,        -- "<kind>:<16 hex digits>", "logical"
    ns TEXT NOT NULL,              -- namespace of the code
    code TEXT NOT NULL,
    mode BIGINT NOT NULL,          -- FMI, failure type; 0 where the namespace has none
    component TEXT NOT NULL,
    state SMALLINT NOT NULL,
    flapping SMALLINT NOT NULL,    -- 0, 1
    class SMALLINT NOT NULL,
    severity SMALLINT NOT NULL,    -- 0 info … 4 stop or danger
    subject TEXT NOT NULL,         -- what is broken, when not the reporter
    occurrences BIGINT NOT NULL,   -- times it became confirmed
    flaps BIGINT NOT NULL,         -- changes within the running flap window
    flap_window_ms BIGINT NOT NULL,-- when that window began
    first_seen_ms BIGINT NOT NULL, -- on the device
    last_seen_ms BIGINT NOT NULL,
    state_since_ms BIGINT NOT NULL,
    epoch BIGINT NOT NULL,         -- the latest transition applied
    number BIGINT NOT NULL,
    PRIMARY KEY (shard, device, bus, reporter, ns, code, mode, component)
);
CREATE INDEX condition_confirmed ON condition (shard) WHERE state = 2; -- for counting
-- The whole key: else SQLite walks the table, whose order the list wants.
CREATE INDEX condition_flapping ON condition (shard, device, bus, reporter, ns, code, mode, component) WHERE flapping = 1;

-- Log: every change of a fault's state, as it came.
CREATE TABLE transition (
    shard SMALLINT NOT NULL,
    device TEXT NOT NULL,
    reported_by TEXT NOT NULL,     -- whose epoch and number these are; "" = device itself
    epoch BIGINT NOT NULL,
    number BIGINT NOT NULL,
    bus TEXT NOT NULL,
    reporter TEXT NOT NULL,
    ns TEXT NOT NULL,
    code TEXT NOT NULL,
    mode BIGINT NOT NULL,
    component TEXT NOT NULL,
    from_state SMALLINT NOT NULL,
    to_state SMALLINT NOT NULL,
    quality SMALLINT NOT NULL,     -- 0 good 1 torn 2 truncated 3 ambiguous 4 replayed
    occurred_ms BIGINT NOT NULL,
    bound_ms BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    record BLOB NOT NULL           -- the encoded record, freeze frame and raw bytes included
);
CREATE INDEX transition_device ON transition (shard, device, occurred_ms);

-- Log: the other records of the fault lane, as they came.
CREATE TABLE report (
    shard SMALLINT NOT NULL,
    device TEXT NOT NULL,
    reported_by TEXT NOT NULL,     -- as in transition
    epoch BIGINT NOT NULL,
    lane SMALLINT NOT NULL,
    number BIGINT NOT NULL,
    kind SMALLINT NOT NULL,        -- 0 fault 1 snapshot 2 health 3 inventory 4 lifecycle 5 loss
    occurred_ms BIGINT NOT NULL,
    bound_ms BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    record BLOB NOT NULL
);
CREATE INDEX report_device ON report (shard, device, occurred_ms);

-- Log: numbers first … last of a lane that will never come, and why.
CREATE TABLE loss (
    shard SMALLINT NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    lane SMALLINT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    cause TEXT NOT NULL,           -- evicted, expired, corrupt, refused
    detail TEXT NOT NULL,
    faults BIGINT NOT NULL,        -- how many of what, as far as it was readable
    healths BIGINT NOT NULL,
    others BIGINT NOT NULL,
    received_ms BIGINT NOT NULL
);
CREATE INDEX loss_device ON loss (shard, device, received_ms);

-- The next ticket number of a shard. The row is the lock under which tickets of the shard are opened.
CREATE TABLE shard_ticket (
    shard SMALLINT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);

CREATE TABLE ticket (
    shard SMALLINT NOT NULL,
    n BIGINT NOT NULL,             -- from 1 in each shard
    device TEXT NOT NULL,
    bus TEXT NOT NULL,
    reporter TEXT NOT NULL,
    ns TEXT NOT NULL,
    code TEXT NOT NULL,
    mode BIGINT NOT NULL,
    component TEXT NOT NULL,
    state SMALLINT NOT NULL,
    class SMALLINT NOT NULL,
    product_line TEXT NOT NULL,
    model TEXT NOT NULL,
    occurred_ms BIGINT NOT NULL,
    bound_ms BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    opened_ms BIGINT NOT NULL,
    occurrences BIGINT NOT NULL,   -- confirmations joined, the first included
    last_seen_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,       -- of the row, from 1; joining does not count
    PRIMARY KEY (shard, n)
);
-- One open ticket per condition. store_ticket.c repeats the states that are open.
CREATE UNIQUE INDEX ticket_open ON ticket (shard, device, bus, reporter, ns, code, mode, component) WHERE state < 6;
CREATE INDEX ticket_device ON ticket (shard, device, opened_ms);
CREATE INDEX ticket_opened ON ticket (opened_ms, shard, n);

CREATE TABLE ticket_clock (
    shard SMALLINT NOT NULL,
    n BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    start_ms BIGINT NOT NULL,
    target_ms BIGINT NOT NULL,     -- elapsed time promised; 0 without a target
    due_ms BIGINT NOT NULL,
    stopped_ms BIGINT NOT NULL,    -- 0 = not stopped
    late_arrival SMALLINT NOT NULL,-- 1: started in the past, for a report that came late
    policy_version BIGINT NOT NULL,
    PRIMARY KEY (shard, n, kind)
);
CREATE INDEX ticket_clock_due ON ticket_clock (shard, due_ms) WHERE state = 0;
CREATE INDEX ticket_clock_breached ON ticket_clock (shard) WHERE state = 2;

-- What a product line promises, in elapsed time (the customer's documents demand a 24-hour line).
CREATE TABLE clock_policy (
    product_line TEXT NOT NULL,
    class SMALLINT NOT NULL,
    kind SMALLINT NOT NULL,
    target_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,       -- from 1; a clock keeps the version it was started by
    PRIMARY KEY (product_line, class, kind)
);
INSERT INTO clock_policy (product_line, class, kind, target_ms, version) VALUES
    ('home', 1, 1, 86400000, 1),   -- CK-01: first response, ordinary, 24 h from receipt
    ('home', 2, 1, 86400000, 1),   -- no figure of its own in the documents: as ordinary
    ('home', 3, 1, 7200000, 1),    -- CK-02: emergency, contact within 2 h
    ('engine', 1, 0, 3600000, 1),  -- CK-03: classified within 1 h, whatever the class
    ('engine', 2, 0, 3600000, 1),
    ('engine', 3, 0, 3600000, 1),
    ('engine', 1, 1, 7200000, 1),  -- CK-04: general, contact by the support group within 2 h
    ('engine', 2, 1, 7200000, 1),  -- the documents give important and urgent other clocks;
    ('engine', 3, 1, 7200000, 1);  -- nobody waits longer than a general case does

-- What is known of a code. "" and mode -1 stand for any; catalogue.h says which row counts.
CREATE TABLE catalogue (
    ns TEXT NOT NULL,
    code TEXT NOT NULL,
    mode BIGINT NOT NULL,
    product_line TEXT NOT NULL,
    model TEXT NOT NULL,
    title_en TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    class SMALLINT NOT NULL,       -- 0: recorded, never a ticket
    part_no TEXT NOT NULL,
    severity SMALLINT NOT NULL,
    action_en TEXT NOT NULL,
    action_zh TEXT NOT NULL,
    confirm TEXT NOT NULL,         -- for people: when the device says it is confirmed, and healed
    heal TEXT NOT NULL,
    PRIMARY KEY (ns, code, mode, product_line, model)
);

-- Log: who did what.
CREATE TABLE audit (
    shard SMALLINT NOT NULL,
    at_ms BIGINT NOT NULL,
    who TEXT NOT NULL,             -- "device:<id>", "rule:<name>", "user:<name>"
    what TEXT NOT NULL,            -- "ticket.opened", …
    object TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_object ON audit (shard, object, at_ms);

-- Log: what live views are told; old rows are dropped.
CREATE TABLE event (
    shard SMALLINT NOT NULL,
    id BIGINT NOT NULL,            -- ascending, given by the writer
    at_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    json TEXT NOT NULL
);
CREATE INDEX event_id ON event (id);

-- A device's health in one day of UTC. The newest day also holds the latest values.
CREATE TABLE health_day (
    shard SMALLINT NOT NULL,
    device TEXT NOT NULL,
    day BIGINT NOT NULL,           -- days since 1970-01-01
    at_ms BIGINT NOT NULL,         -- when the latest report was made; the columns up to measures are from it
    bound_ms BIGINT NOT NULL,
    reports BIGINT NOT NULL,       -- health reports in the day
    covered_ms BIGINT NOT NULL,    -- sum of their intervals
    operating_hours DOUBLE PRECISION NOT NULL,
    cycles BIGINT NOT NULL,
    uptime_ms BIGINT NOT NULL,
    restarts BIGINT NOT NULL,      -- of the agent, in its epoch
    restart_reason TEXT NOT NULL,
    spool_used_bytes BIGINT NOT NULL,
    spool_limit_bytes BIGINT NOT NULL,
    dropped_count BIGINT NOT NULL, -- since the spool was made
    refused_count BIGINT NOT NULL,
    flash_written_bytes BIGINT NOT NULL,
    measures BLOB NOT NULL,        -- min, mean, max, last of each measure; store_health.c has the format
    PRIMARY KEY (shard, device, day)
);

-- One physical part in one device for an interval of time.
CREATE TABLE part_instance (
    shard SMALLINT NOT NULL,
    device TEXT NOT NULL,
    n BIGINT NOT NULL,             -- counts the part instances of the device, from 1
    position TEXT NOT NULL,
    part_no TEXT NOT NULL,
    serial TEXT NOT NULL,
    supplier TEXT NOT NULL,
    lot TEXT NOT NULL,
    made_date TEXT NOT NULL,       -- ISO 8601 date
    source TEXT NOT NULL,          -- where it was read
    installed_ms BIGINT NOT NULL,  -- first reported; it may have been there before
    removed_ms BIGINT NOT NULL,    -- 0 = installed now
    PRIMARY KEY (shard, device, n)
);
CREATE INDEX part_instance_installed ON part_instance (shard, device) WHERE removed_ms = 0;

-- Which collector owns the shards from `shard` up to the next row's; checked and renewed by every commit.
CREATE TABLE lease (
    shard SMALLINT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    epoch BIGINT NOT NULL,         -- counts takings
    expires_ms BIGINT NOT NULL,
    transitions BIGINT NOT NULL    -- rows added to the transition log, ever
);
