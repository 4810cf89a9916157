-- +goose Up

-- Snapshots and policies, canonical JSON, each kept once under its digest.
CREATE TABLE documents (
    digest TEXT COLLATE "C" PRIMARY KEY,
    body   BYTEA NOT NULL
);

-- Decisions of the gate, in the order they were logged. previous names the decision that this one succeeds under the same
-- idempotency key (a hold that was asked again).
CREATE TABLE decisions (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          TEXT COLLATE "C" NOT NULL UNIQUE,
    caller      TEXT COLLATE "C" NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    previous    TEXT COLLATE "C" NOT NULL,
    service     TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    verdict     TEXT COLLATE "C" NOT NULL,
    probe       BOOLEAN NOT NULL,
    at          BIGINT NOT NULL,
    snapshot    TEXT COLLATE "C" NOT NULL REFERENCES documents (digest),
    policy      TEXT COLLATE "C" NOT NULL REFERENCES documents (digest),
    body        TEXT NOT NULL
);
CREATE UNIQUE INDEX decisions_key ON decisions (caller, key, previous) WHERE key <> '';
CREATE INDEX decisions_service ON decisions (service, seq);
CREATE INDEX decisions_probe ON decisions (service, at) WHERE probe;

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % never changes', TG_TABLE_NAME;
END $$;
-- +goose StatementEnd
CREATE TRIGGER decisions_are_final BEFORE UPDATE ON decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
