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
ALTER TABLE tally_scopes ALTER COLUMN service TYPE TEXT COLLATE "C";
ALTER TABLE tally_sets ALTER COLUMN print TYPE TEXT COLLATE "C";
ALTER TABLE turns ALTER COLUMN name TYPE TEXT COLLATE "C";

-- The environments that the rollouts of a service went to, out of its evidence: what an environment is for is asked of all services.
CREATE TABLE environments (
    service  TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    rollouts BIGINT NOT NULL,
    PRIMARY KEY (service, name)
);
CREATE INDEX environments_named ON environments (name, kind, rollouts);
INSERT INTO environments (service, name, kind, rollouts)
    SELECT f.service, e ->> 'name', e ->> 'kind', (e ->> 'rollouts')::bigint
    FROM (SELECT service, CASE WHEN evidence = '' THEN '{}' ELSE evidence::jsonb END AS known FROM facts) f
    CROSS JOIN LATERAL jsonb_array_elements(coalesce(f.known -> 'environments', '[]')) e;
