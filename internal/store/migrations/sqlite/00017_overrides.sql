-- +goose Up

-- Overrides of the gate. What may change stands beside the body; every change is told in gate_log.
CREATE TABLE gate_overrides (
    id          TEXT PRIMARY KEY,
    service     TEXT NOT NULL,
    environment TEXT NOT NULL,
    expires_at  INTEGER NOT NULL,
    second      TEXT NOT NULL,
    used        INTEGER NOT NULL,
    revoked_at  INTEGER NOT NULL,
    body        TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX gate_overrides_service ON gate_overrides (service, expires_at);

-- What people did about the gate, each line with the hash of the one before.
CREATE TABLE gate_log (
    seq     INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    body    TEXT NOT NULL
);
CREATE INDEX gate_log_service ON gate_log (service, seq);

-- +goose StatementBegin
CREATE TRIGGER gate_log_is_final BEFORE UPDATE ON gate_log
BEGIN SELECT RAISE(ABORT, 'a line of the gate log never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER gate_log_is_kept BEFORE DELETE ON gate_log
BEGIN SELECT RAISE(ABORT, 'a line of the gate log is never taken out'); END;
-- +goose StatementEnd
