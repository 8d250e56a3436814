-- 002_lane_tail.sql: what the last record of a lane was, so that a device whose numbers began anew is noticed.

ALTER TABLE lane ADD COLUMN tail BIGINT NOT NULL DEFAULT 0; -- hash of record next - 1 as it came (reuse.c); 0 = not known
