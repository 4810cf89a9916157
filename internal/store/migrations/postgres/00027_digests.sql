-- +goose Up

-- Which weekly digest went out over which channel, so that none goes twice: week is its first day, audience a team or empty for
-- leadership. Sent is 0 while it is not known to have arrived.
CREATE TABLE digests (
    week     TEXT COLLATE "C" NOT NULL,
    audience TEXT COLLATE "C" NOT NULL,
    channel  TEXT COLLATE "C" NOT NULL,
    begun    BIGINT NOT NULL,
    sent     BIGINT NOT NULL,
    PRIMARY KEY (week, audience, channel)
);
