-- +goose Up

-- capacity is how many submissions a round takes at most; document is the round as JSON, without its count of respondents.
CREATE TABLE rounds (
    id          TEXT COLLATE "C" PRIMARY KEY,
    team        TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,
    respondents BIGINT NOT NULL DEFAULT 0,
    capacity    BIGINT NOT NULL,
    document    TEXT NOT NULL
);

-- All that is stored of answers: how many chose an option. There is no row per respondent.
CREATE TABLE answer_counts (
    round    TEXT COLLATE "C" NOT NULL REFERENCES rounds (id),
    question TEXT COLLATE "C" NOT NULL,
    option   TEXT COLLATE "C" NOT NULL,
    n        BIGINT NOT NULL,
    PRIMARY KEY (round, question, option)
);

-- Links to the form, hashed. No time is kept, and rows stand in the order of their hashes.
CREATE TABLE invitations (
    hash     TEXT COLLATE "C" PRIMARY KEY,
    round    TEXT COLLATE "C" NOT NULL REFERENCES rounds (id),
    uses     BIGINT NOT NULL DEFAULT 0,
    capacity BIGINT NOT NULL
);
CREATE INDEX invitations_round ON invitations (round);

-- Comments stand alone under random keys, so that neither order nor key tells who wrote one or what else they answered.
CREATE TABLE comments (
    key       TEXT COLLATE "C" PRIMARY KEY,
    round     TEXT COLLATE "C" NOT NULL REFERENCES rounds (id),
    text      TEXT NOT NULL,
    signed_by TEXT COLLATE "C" NOT NULL
);
CREATE INDEX comments_round ON comments (round, key);
