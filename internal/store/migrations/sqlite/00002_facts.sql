-- +goose Up

-- Every name that may be a service: declared, or mentioned by an event. touched counts the changes to its events, derived is
-- the count its stored facts were made at; they differ while the facts are out of date. present tells that events of its own
-- were found; document is its description as JSON.
CREATE TABLE services (
    name     TEXT PRIMARY KEY,
    declared INTEGER NOT NULL DEFAULT 0,
    present  INTEGER NOT NULL DEFAULT 0,
    touched  INTEGER NOT NULL DEFAULT 0,
    derived  INTEGER NOT NULL DEFAULT -1,
    rules    TEXT    NOT NULL DEFAULT '',
    document TEXT    NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- Which services a repository's commits may concern.
CREATE TABLE service_repositories (
    repository TEXT    NOT NULL,
    service    TEXT    NOT NULL,
    declared   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (repository, service)
) WITHOUT ROWID;
CREATE INDEX service_repositories_service ON service_repositories (service);

-- What the events of a service amount to, beside its rollouts: JSON lists.
CREATE TABLE facts (
    service   TEXT PRIMARY KEY,
    incidents TEXT NOT NULL,
    left_out  TEXT NOT NULL,
    running   TEXT NOT NULL
) WITHOUT ROWID;

-- One row per rollout, in the order facts are read. body is the rollout as JSON without its changes, which only some readers
-- need; digest tells whether a new derivation changed the row.
CREATE TABLE rollouts (
    service          TEXT    NOT NULL,
    finished_at      INTEGER NOT NULL,
    id               TEXT    NOT NULL,
    environment_kind TEXT    NOT NULL,
    kind             TEXT    NOT NULL,
    digest           BLOB    NOT NULL,
    body             TEXT    NOT NULL,
    changes          TEXT    NOT NULL,
    PRIMARY KEY (service, finished_at, id)
) WITHOUT ROWID;
