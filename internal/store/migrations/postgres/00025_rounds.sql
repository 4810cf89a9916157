-- +goose Up

-- How often people were reminded of a round.
ALTER TABLE rounds ADD COLUMN reminders BIGINT NOT NULL DEFAULT 0;

-- What a team says to a question of its result. It is the team's: who wrote it down stands in the audit log.
CREATE TABLE replies (
    round    TEXT COLLATE "C" NOT NULL REFERENCES rounds (id),
    question TEXT COLLATE "C" NOT NULL,
    tag      TEXT COLLATE "C" NOT NULL,
    note     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (round, question)
);

-- The one thing a team decides to do after a round, and what became of it.
CREATE TABLE actions (
    round   TEXT COLLATE "C" PRIMARY KEY REFERENCES rounds (id),
    text    TEXT NOT NULL,
    owner   TEXT NOT NULL,
    due_on  TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL
);
