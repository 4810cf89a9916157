-- +goose Up

-- Snapshots and policies, canonical JSON, each kept once under its digest.
CREATE TABLE documents (
    digest TEXT PRIMARY KEY,
    body   BLOB NOT NULL
) WITHOUT ROWID;

-- Decisions of the gate, in the order they were logged. previous names the decision that this one succeeds under the same
-- idempotency key (a hold that was asked again).
CREATE TABLE decisions (
    seq         INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    caller      TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    previous    TEXT    NOT NULL,
    service     TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    verdict     TEXT    NOT NULL,
    probe       INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    snapshot    TEXT    NOT NULL REFERENCES documents (digest),
    policy      TEXT    NOT NULL REFERENCES documents (digest),
    body        TEXT    NOT NULL
);
CREATE UNIQUE INDEX decisions_key ON decisions (caller, key, previous) WHERE key <> '';
CREATE INDEX decisions_service ON decisions (service, seq);
CREATE INDEX decisions_probe ON decisions (service, at) WHERE probe = 1;

-- +goose StatementBegin
CREATE TRIGGER decisions_are_final BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'a logged decision never changes'); END;
-- +goose StatementEnd
