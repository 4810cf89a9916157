-- +goose Up

-- How promotions went, as their pipelines said; each once. A decision without one has an outcome that nobody reported.
CREATE TABLE gate_reports (
    decision TEXT COLLATE "C" PRIMARY KEY REFERENCES decisions (id),
    outcome  TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    caller   TEXT COLLATE "C" NOT NULL
);

-- What was let through for a service a short while ago is asked for with every decision.
CREATE INDEX decisions_passed ON decisions (service, at) WHERE verdict IN ('allow', 'warn');
