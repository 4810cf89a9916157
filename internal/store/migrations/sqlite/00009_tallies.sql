-- +goose Up

-- The tallies made under one set of rules, definition and time zone. While a new set is being made the last complete one is read.
CREATE TABLE tally_sets (
    id         INTEGER PRIMARY KEY,
    print      TEXT    NOT NULL UNIQUE,
    zone       TEXT    NOT NULL,
    definition TEXT    NOT NULL,
    complete   BOOLEAN NOT NULL
);

-- A number for each service, because its name would stand in every row of tallies. The organisation's is 0.
CREATE TABLE tally_scopes (
    id      INTEGER PRIMARY KEY,
    service TEXT NOT NULL UNIQUE
);

-- One row for each service, or for all of them together, kind of environment and civil day with something to count. kind 0 is
-- for records left out, which belong to every kind. known_by is the latest instant that the body speaks of, in milliseconds.
CREATE TABLE tallies (
    set_id   INTEGER NOT NULL,
    scope    INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    known_by INTEGER NOT NULL,
    body     BLOB    NOT NULL,
    PRIMARY KEY (set_id, scope, kind, day)
) WITHOUT ROWID;

-- Days of the organisation whose row is not yet the sum of its services' rows.
CREATE TABLE dirty_days (
    set_id INTEGER NOT NULL,
    kind   INTEGER NOT NULL,
    day    INTEGER NOT NULL,
    marks  INTEGER NOT NULL,
    PRIMARY KEY (set_id, kind, day)
) WITHOUT ROWID;

-- Since when each service is observed, when its first incident began, and the incidents of a counted severity, for the share of time without one. ended_at is
-- the zero time's own millisecond while an incident is open.
CREATE TABLE observed (
    set_id INTEGER NOT NULL,
    scope  INTEGER NOT NULL,
    since  INTEGER NOT NULL,
    first_incident INTEGER NOT NULL,
    PRIMARY KEY (set_id, scope)
) WITHOUT ROWID;
CREATE TABLE outages (
    set_id     INTEGER NOT NULL,
    scope      INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    PRIMARY KEY (set_id, scope, kind, started_at, number)
) WITHOUT ROWID;
