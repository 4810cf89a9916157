-- +goose Up

-- What people state about one record, whatever its sources say: fields is a canonical JSON object of the fields that it sets.
-- withdrawn_at is the zero time's own millisecond while it holds; a withdrawn correction stays for the record.
CREATE TABLE corrections (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source       TEXT COLLATE "C" NOT NULL,
    type         TEXT COLLATE "C" NOT NULL,
    repository   TEXT COLLATE "C" NOT NULL,
    record       TEXT COLLATE "C" NOT NULL,
    fields       TEXT NOT NULL,
    exclude      BOOLEAN NOT NULL,
    unlinked     BOOLEAN NOT NULL,
    reason       TEXT NOT NULL,
    at           BIGINT NOT NULL,
    withdrawn_at BIGINT NOT NULL
);
CREATE INDEX corrections_record ON corrections (repository, type, record, source);

-- A correction that holds stands among the revisions of its record, under its number; 0 is what sources said.
ALTER TABLE events ADD COLUMN correction BIGINT NOT NULL DEFAULT 0;
CREATE INDEX events_correction ON events (correction) WHERE correction <> 0;

-- The owner of a service's facts, and the instant from which on it is observed.
ALTER TABLE facts ADD COLUMN team TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE facts ADD COLUMN since BIGINT NOT NULL DEFAULT -62135596800000;
