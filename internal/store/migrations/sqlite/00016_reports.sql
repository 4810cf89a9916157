-- +goose Up

-- How promotions went, as their pipelines said; each once. A decision without one has an outcome that nobody reported.
CREATE TABLE gate_reports (
    decision TEXT PRIMARY KEY REFERENCES decisions (id),
    outcome  TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    caller   TEXT    NOT NULL
) WITHOUT ROWID;

-- What was let through for a service a short while ago is asked for with every decision.
CREATE INDEX decisions_passed ON decisions (service, at) WHERE verdict IN ('allow', 'warn');
