-- +goose Up

-- Deployments at a host that wait for the gate's word, and what became of them: the outbox of answers. next_at is when one is looked at
-- next; whoever looks moves it on first, so that of two replicas one does, and another takes over from one that was killed.
CREATE TABLE gate_waiting (
    protector  TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    decision   TEXT    NOT NULL,
    verdict    TEXT    NOT NULL,
    said       TEXT    NOT NULL,
    reports    INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    problem    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (protector, id)
) WITHOUT ROWID;
CREATE INDEX gate_waiting_due ON gate_waiting (next_at) WHERE state = 'waiting';
CREATE INDEX gate_waiting_age ON gate_waiting (created_at);
