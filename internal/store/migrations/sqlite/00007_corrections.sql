-- +goose Up

-- What people state about one record, whatever its sources say: fields is a canonical JSON object of the fields that it sets.
-- withdrawn_at is the zero time's own millisecond while it holds; a withdrawn correction stays for the record.
CREATE TABLE corrections (
    id           INTEGER PRIMARY KEY,
    source       TEXT    NOT NULL,
    type         TEXT    NOT NULL,
    repository   TEXT    NOT NULL,
    record       TEXT    NOT NULL,
    fields       TEXT    NOT NULL,
    exclude      INTEGER NOT NULL,
    unlinked     INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    withdrawn_at INTEGER NOT NULL
);
CREATE INDEX corrections_record ON corrections (repository, type, record, source);

-- A correction that holds stands among the revisions of its record, under its number; 0 is what sources said.
ALTER TABLE events ADD COLUMN correction INTEGER NOT NULL DEFAULT 0;
CREATE INDEX events_correction ON events (correction) WHERE correction <> 0;

-- The owner of a service's facts, and the instant from which on it is observed.
ALTER TABLE facts ADD COLUMN team TEXT NOT NULL DEFAULT '';
ALTER TABLE facts ADD COLUMN since INTEGER NOT NULL DEFAULT -62135596800000;
