-- +goose Up

-- Deployments at a host that wait for the gate's word, and what became of them: the outbox of answers. next_at is when one is looked at
-- next; whoever looks moves it on first, so that of two replicas one does, and another takes over from one that was killed.
CREATE TABLE gate_waiting (
    protector  TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    body       TEXT NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    decision   TEXT COLLATE "C" NOT NULL,
    verdict    TEXT COLLATE "C" NOT NULL,
    said       TEXT NOT NULL,
    reports    BIGINT  NOT NULL,
    attempts   BIGINT  NOT NULL,
    problem    TEXT NOT NULL,
    created_at BIGINT  NOT NULL,
    next_at    BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    PRIMARY KEY (protector, id)
);
CREATE INDEX gate_waiting_due ON gate_waiting (next_at) WHERE state = 'waiting';
CREATE INDEX gate_waiting_age ON gate_waiting (created_at);
