-- +goose Up

-- Since when the rollback hook of a service is known, so that nothing older is sent to it: target names where it leads, and is no address.
CREATE TABLE rollback_hooks (
    service TEXT COLLATE "C" NOT NULL,
    target  TEXT COLLATE "C" NOT NULL,
    since   BIGINT NOT NULL,
    PRIMARY KEY (service)
);

-- What became of each watch that ended in failed while its service had a hook: the body that is sent, the same bytes at every try.
CREATE TABLE rollbacks (
    service    TEXT COLLATE "C" NOT NULL,
    deployment TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    says       TEXT COLLATE "C" NOT NULL,
    body       TEXT NOT NULL,
    tries      BIGINT NOT NULL,
    found_at   BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    until_at   BIGINT NOT NULL,
    PRIMARY KEY (service, deployment)
);
CREATE INDEX rollbacks_due ON rollbacks (next_at) WHERE state = 'waiting';
CREATE INDEX rollbacks_found ON rollbacks (service, found_at);
