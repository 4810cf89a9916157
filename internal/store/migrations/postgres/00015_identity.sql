-- +goose Up

-- Job tokens that were used, each bound to the run that used it first.
CREATE TABLE job_tokens (
    issuer     TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    project    TEXT COLLATE "C" NOT NULL,
    run        TEXT COLLATE "C" NOT NULL,
    attempt    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, id)
);
CREATE INDEX job_tokens_expiry ON job_tokens (expires_at);

-- Tokens that are good for nothing but the report on one decision, by their hash.
CREATE TABLE report_tokens (
    hash       TEXT COLLATE "C" PRIMARY KEY,
    decision   TEXT COLLATE "C" NOT NULL REFERENCES decisions (id),
    expires_at BIGINT NOT NULL
);
CREATE INDEX report_tokens_expiry ON report_tokens (expires_at);
