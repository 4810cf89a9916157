-- +goose Up

-- Every name that may be a service: declared, or mentioned by an event. touched counts the changes to its events, derived is
-- the count its stored facts were made at; they differ while the facts are out of date. present tells that events of its own
-- were found; document is its description as JSON.
CREATE TABLE services (
    name     TEXT COLLATE "C" PRIMARY KEY,
    declared BOOLEAN NOT NULL DEFAULT FALSE,
    present  BOOLEAN NOT NULL DEFAULT FALSE,
    touched  BIGINT NOT NULL DEFAULT 0,
    derived  BIGINT NOT NULL DEFAULT -1,
    rules    TEXT COLLATE "C" NOT NULL DEFAULT '',
    document TEXT NOT NULL DEFAULT ''
);

-- Which services a repository's commits may concern.
CREATE TABLE service_repositories (
    repository TEXT COLLATE "C" NOT NULL,
    service    TEXT COLLATE "C" NOT NULL,
    declared   BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (repository, service)
);
CREATE INDEX service_repositories_service ON service_repositories (service);

-- What the events of a service amount to, beside its rollouts: JSON lists.
CREATE TABLE facts (
    service   TEXT COLLATE "C" PRIMARY KEY,
    incidents TEXT NOT NULL,
    left_out  TEXT NOT NULL,
    running   TEXT NOT NULL
);

-- One row per rollout, in the order facts are read. body is the rollout as JSON without its changes, which only some readers
-- need; digest tells whether a new derivation changed the row.
CREATE TABLE rollouts (
    service          TEXT COLLATE "C" NOT NULL,
    finished_at      BIGINT NOT NULL,
    id               TEXT COLLATE "C" NOT NULL,
    environment_kind TEXT COLLATE "C" NOT NULL,
    kind             TEXT COLLATE "C" NOT NULL,
    digest           BYTEA NOT NULL,
    body             TEXT NOT NULL,
    changes          TEXT NOT NULL,
    PRIMARY KEY (service, finished_at, id)
);
