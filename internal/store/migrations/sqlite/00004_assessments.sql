-- +goose Up

-- capacity is how many submissions a round takes at most; document is the round as JSON, without its count of respondents.
CREATE TABLE rounds (
    id          TEXT PRIMARY KEY,
    team        TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    respondents INTEGER NOT NULL DEFAULT 0,
    capacity    INTEGER NOT NULL,
    document    TEXT    NOT NULL
) WITHOUT ROWID;

-- All that is stored of answers: how many chose an option. There is no row per respondent.
CREATE TABLE answer_counts (
    round    TEXT    NOT NULL REFERENCES rounds (id),
    question TEXT    NOT NULL,
    option   TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    PRIMARY KEY (round, question, option)
) WITHOUT ROWID;

-- Links to the form, hashed. No time is kept, and rows stand in the order of their hashes.
CREATE TABLE invitations (
    hash     TEXT PRIMARY KEY,
    round    TEXT    NOT NULL REFERENCES rounds (id),
    uses     INTEGER NOT NULL DEFAULT 0,
    capacity INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX invitations_round ON invitations (round);

-- Comments stand alone under random keys, so that neither order nor key tells who wrote one or what else they answered.
CREATE TABLE comments (
    key       TEXT PRIMARY KEY,
    round     TEXT NOT NULL REFERENCES rounds (id),
    text      TEXT NOT NULL,
    signed_by TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX comments_round ON comments (round, key);
