-- +goose Up

-- What of the gate a team was told over which channel, so that nothing is told twice: notice names what happened. Sent is 0 while it is not
-- known to have arrived; again is when it may be tried again, 0 while a try is under way or nothing is left to try.
CREATE TABLE tellings (
    notice   TEXT COLLATE "C" NOT NULL,
    audience TEXT COLLATE "C" NOT NULL,
    channel  TEXT COLLATE "C" NOT NULL,
    begun    BIGINT NOT NULL,
    sent     BIGINT NOT NULL,
    again    BIGINT NOT NULL,
    tries    BIGINT NOT NULL,
    PRIMARY KEY (notice, audience, channel)
);
