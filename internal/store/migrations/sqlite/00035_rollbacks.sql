-- +goose Up

-- Since when the rollback hook of a service is known, so that nothing older is sent to it: target names where it leads, and is no address.
CREATE TABLE rollback_hooks (
    service TEXT NOT NULL,
    target  TEXT NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (service)
);

-- What became of each watch that ended in failed while its service had a hook: the body that is sent, the same bytes at every try.
CREATE TABLE rollbacks (
    service    TEXT NOT NULL,
    deployment TEXT NOT NULL,
    id         TEXT NOT NULL,
    state      TEXT NOT NULL,
    says       TEXT NOT NULL,
    body       TEXT NOT NULL,
    tries      INTEGER NOT NULL,
    found_at   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    until_at   INTEGER NOT NULL,
    PRIMARY KEY (service, deployment)
);
CREATE INDEX rollbacks_due ON rollbacks (next_at) WHERE state = 'waiting';
CREATE INDEX rollbacks_found ON rollbacks (service, found_at);
