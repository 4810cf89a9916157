-- +goose Up

-- What the facts of a service hold, counted when they are derived: whoever asks why a figure is empty need not read the facts.
ALTER TABLE facts ADD COLUMN evidence TEXT NOT NULL DEFAULT '';

-- What each source has brought: how many events, and when the first and the last of them were stored.
CREATE TABLE brought (
    source   TEXT    NOT NULL,
    type     TEXT    NOT NULL,
    events   BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (source, type)
);
INSERT INTO brought (source, type, events, first_at, last_at)
    SELECT source, type, count(*), min(recorded_at), max(recorded_at) FROM events WHERE correction = 0 GROUP BY source, type;
