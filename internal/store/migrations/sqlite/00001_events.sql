-- +goose Up

-- One row per stored revision of a record. Times are milliseconds since 1970 UTC; a time the source did not state is the zero
-- time's own millisecond. The columns after live repeat what the payload says about where the event belongs, so that the
-- events of one service can be selected: the service that a deployment or incident names, the repository that a deployment was
-- built from, the deployment that an approval, a verdict or an incident refers to.
CREATE TABLE events (
    seq         INTEGER PRIMARY KEY,
    source      TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    repository  TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    digest      BLOB    NOT NULL,
    updated_at  INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    payload     TEXT    NOT NULL,
    recorded_at INTEGER NOT NULL,
    live        INTEGER NOT NULL,
    service     TEXT    NOT NULL,
    built_from  TEXT    NOT NULL,
    reference   TEXT    NOT NULL
);

-- Identity of a revision, and at once the way to all revisions of a record and to all commits of a repository.
CREATE UNIQUE INDEX events_revision ON events (repository, type, id, source, digest);
CREATE INDEX events_service ON events (service) WHERE service <> '';
CREATE INDEX events_built_from ON events (built_from) WHERE built_from <> '';
CREATE INDEX events_reference ON events (reference) WHERE reference <> '';

-- Where each source's reading stands.
CREATE TABLE sources (
    name      TEXT PRIMARY KEY,
    cursor    TEXT    NOT NULL,
    watermark INTEGER NOT NULL,
    heartbeat INTEGER NOT NULL,
    error     TEXT    NOT NULL,
    error_at  INTEGER NOT NULL
) WITHOUT ROWID;

-- Records that could not be turned into an event, each with its latest reason.
CREATE TABLE set_aside (
    source TEXT    NOT NULL,
    record TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (source, record)
) WITHOUT ROWID;
