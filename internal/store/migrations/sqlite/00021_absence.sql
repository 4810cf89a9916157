-- +goose Up

-- When a server was there last, one row for all servers; and the times in which none noted that it was.
CREATE TABLE gate_beats (
    id       INTEGER PRIMARY KEY,
    first_at INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL
);
CREATE TABLE gate_gaps (
    started_at INTEGER NOT NULL PRIMARY KEY,
    ended_at   INTEGER NOT NULL,
    of_store   INTEGER NOT NULL
);

-- Promotions about which clients decided by themselves, as they told afterwards.
CREATE TABLE gate_unasked (
    id     TEXT    NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL,
    caller TEXT    NOT NULL,
    body   TEXT    NOT NULL
) WITHOUT ROWID;
CREATE INDEX gate_unasked_at ON gate_unasked (at);
