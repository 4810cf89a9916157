-- +goose Up

-- When the reading from the start began that has not come to its end; records set aside before it are forgotten at its end. And when the
-- host last delivered something, apart from when it last answered.
ALTER TABLE sources ADD COLUMN full_at INTEGER NOT NULL DEFAULT -62135596800000;
ALTER TABLE sources ADD COLUMN delivered_at INTEGER NOT NULL DEFAULT -62135596800000;
UPDATE sources SET delivered_at = coalesce((SELECT max(received_at) FROM deliveries WHERE deliveries.source = sources.name), delivered_at);

-- Deliveries of a source are listed from the newest.
CREATE INDEX deliveries_listed ON deliveries (source, seq);

-- The environments that the rollouts of a service went to, out of its evidence: what an environment is for is asked of all services.
CREATE TABLE environments (
    service  TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    rollouts INTEGER NOT NULL,
    PRIMARY KEY (service, name)
) WITHOUT ROWID;
CREATE INDEX environments_named ON environments (name, kind, rollouts);
INSERT INTO environments (service, name, kind, rollouts)
    SELECT f.service, e.value ->> 'name', e.value ->> 'kind', e.value ->> 'rollouts'
    FROM facts f, json_each(f.evidence, '$.environments') e WHERE f.evidence <> '';
