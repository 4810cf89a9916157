-- +goose Up

-- Which weekly digest went out over which channel, so that none goes twice: week is its first day, audience a team or empty for
-- leadership. Sent is 0 while it is not known to have arrived.
CREATE TABLE digests (
    week     TEXT NOT NULL,
    audience TEXT NOT NULL,
    channel  TEXT NOT NULL,
    begun    INTEGER NOT NULL,
    sent     INTEGER NOT NULL,
    PRIMARY KEY (week, audience, channel)
) WITHOUT ROWID;
