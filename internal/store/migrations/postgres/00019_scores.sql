-- +goose Up

-- What the scoreboard needs of each decision, in order of time, so that many are read at once. Made from the decision; those logged before
-- are added when they are first asked for.
CREATE TABLE gate_scores (
    at       BIGINT NOT NULL,
    decision TEXT COLLATE "C" NOT NULL REFERENCES decisions (id),
    body     TEXT   NOT NULL,
    PRIMARY KEY (at, decision)
);

-- The list of decisions is filtered by verdict.
CREATE INDEX decisions_verdict ON decisions (verdict, seq);
