-- 002_lane_tail.sql: what the last record of a lane was, so that a device whose numbers began anew is noticed.

ALTER TABLE lane ADD COLUMN tail BIGINT NOT NULL DEFAULT 0; -- FNV-1a 64 of record next - 1 as it came; 0 = not known
