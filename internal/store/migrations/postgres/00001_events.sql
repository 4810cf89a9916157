-- +goose Up

-- One row per stored revision of a record. Times are milliseconds since 1970 UTC; a time the source did not state is the zero
-- time's own millisecond. The columns after live repeat what the payload says about where the event belongs, so that the
-- events of one service can be selected: the service that a deployment or incident names, the repository that a deployment was
-- built from, the deployment that an approval, a verdict or an incident refers to.
CREATE TABLE events (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      TEXT COLLATE "C" NOT NULL,
    type        TEXT COLLATE "C" NOT NULL,
    repository  TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    digest      BYTEA NOT NULL,
    updated_at  BIGINT NOT NULL,
    sequence    BIGINT NOT NULL,
    payload     TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    live        BOOLEAN NOT NULL,
    service     TEXT COLLATE "C" NOT NULL,
    built_from  TEXT COLLATE "C" NOT NULL,
    reference   TEXT COLLATE "C" NOT NULL
);

-- Identity of a revision, and at once the way to all revisions of a record and to all commits of a repository.
CREATE UNIQUE INDEX events_revision ON events (repository, type, id, source, digest);
CREATE INDEX events_service ON events (service) WHERE service <> '';
CREATE INDEX events_built_from ON events (built_from) WHERE built_from <> '';
CREATE INDEX events_reference ON events (reference) WHERE reference <> '';

-- Where each source's reading stands.
CREATE TABLE sources (
    name      TEXT COLLATE "C" PRIMARY KEY,
    cursor    TEXT NOT NULL,
    watermark BIGINT NOT NULL,
    heartbeat BIGINT NOT NULL,
    error     TEXT NOT NULL,
    error_at  BIGINT NOT NULL
);

-- Records that could not be turned into an event, each with its latest reason.
CREATE TABLE set_aside (
    source TEXT COLLATE "C" NOT NULL,
    record TEXT COLLATE "C" NOT NULL,
    reason TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (source, record)
);

-- Whoever appends events holds the row 'events' until the end of the transaction. Appending in turns means that a later one sees
-- what an earlier one stored, so that it knows every service its events concern.
CREATE TABLE turns (
    name TEXT PRIMARY KEY
);
INSERT INTO turns (name) VALUES ('events');
