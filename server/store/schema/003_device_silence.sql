-- 003_device_silence.sql: when a device that says nothing counts as offline, and why one is.

ALTER TABLE device ADD COLUMN health_ms BIGINT NOT NULL DEFAULT 0; -- between its health reports; 0 = not known
ALTER TABLE device ADD COLUMN offline SMALLINT NOT NULL DEFAULT 0; -- why: 0 not known 1 stopped 2 connection lost 3 silent
