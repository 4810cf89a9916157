-- +goose Up

-- Overrides of the gate. What may change stands beside the body; every change is told in gate_log.
CREATE TABLE gate_overrides (
    id          TEXT COLLATE "C" PRIMARY KEY,
    service     TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    expires_at  BIGINT NOT NULL,
    second      TEXT COLLATE "C" NOT NULL,
    used        BIGINT NOT NULL,
    revoked_at  BIGINT NOT NULL,
    body        TEXT NOT NULL
);
CREATE INDEX gate_overrides_service ON gate_overrides (service, expires_at);

-- What people did about the gate, each line with the hash of the one before.
CREATE TABLE gate_log (
    seq     BIGINT PRIMARY KEY,
    service TEXT COLLATE "C" NOT NULL,
    body    TEXT NOT NULL
);
CREATE INDEX gate_log_service ON gate_log (service, seq);

CREATE TRIGGER gate_log_is_final BEFORE UPDATE OR DELETE ON gate_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
INSERT INTO turns (name) VALUES ('gate');
