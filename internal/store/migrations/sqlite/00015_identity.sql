-- +goose Up

-- Job tokens that were used, each bound to the run that used it first.
CREATE TABLE job_tokens (
    issuer     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    project    TEXT    NOT NULL,
    run        TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, id)
) WITHOUT ROWID;
CREATE INDEX job_tokens_expiry ON job_tokens (expires_at);

-- Tokens that are good for nothing but the report on one decision, by their hash.
CREATE TABLE report_tokens (
    hash       TEXT PRIMARY KEY,
    decision   TEXT    NOT NULL REFERENCES decisions (id),
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX report_tokens_expiry ON report_tokens (expires_at);
