-- +goose Up

-- How often people were reminded of a round.
ALTER TABLE rounds ADD COLUMN reminders INTEGER NOT NULL DEFAULT 0;

-- What a team says to a question of its result. It is the team's: who wrote it down stands in the audit log.
CREATE TABLE replies (
    round    TEXT NOT NULL REFERENCES rounds (id),
    question TEXT NOT NULL,
    tag      TEXT NOT NULL,
    note     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (round, question)
) WITHOUT ROWID;

-- The one thing a team decides to do after a round, and what became of it.
CREATE TABLE actions (
    round   TEXT PRIMARY KEY REFERENCES rounds (id),
    text    TEXT NOT NULL,
    owner   TEXT NOT NULL,
    due_on  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at      INTEGER NOT NULL
) WITHOUT ROWID;
