-- +goose Up

-- When the reading from the start began that has not come to its end; records set aside before it are forgotten at its end. And when the
-- host last delivered something, apart from when it last answered.
ALTER TABLE sources ADD COLUMN full_at BIGINT NOT NULL DEFAULT -62135596800000;
ALTER TABLE sources ADD COLUMN delivered_at BIGINT NOT NULL DEFAULT -62135596800000;
UPDATE sources SET delivered_at = coalesce((SELECT max(received_at) FROM deliveries WHERE deliveries.source = sources.name), delivered_at);

-- Deliveries of a source are listed from the newest.
CREATE INDEX deliveries_listed ON deliveries (source, seq);

-- As everywhere else names are compared byte by byte.
ALTER TABLE brought ALTER COLUMN source TYPE TEXT COLLATE "C", ALTER COLUMN type TYPE TEXT COLLATE "C";
