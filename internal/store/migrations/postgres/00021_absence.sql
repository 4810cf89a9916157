-- +goose Up

-- When a server was there last, one row for all servers; and the times in which none noted that it was.
CREATE TABLE gate_beats (
    id       BIGINT NOT NULL PRIMARY KEY,
    first_at BIGINT NOT NULL,
    seen_at  BIGINT NOT NULL
);
CREATE TABLE gate_gaps (
    started_at BIGINT  NOT NULL PRIMARY KEY,
    ended_at   BIGINT  NOT NULL,
    of_store   BOOLEAN NOT NULL
);

-- Promotions about which clients decided by themselves, as they told afterwards.
CREATE TABLE gate_unasked (
    id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL,
    caller TEXT   NOT NULL,
    body   TEXT   NOT NULL
);
CREATE INDEX gate_unasked_at ON gate_unasked (at);
