-- +goose Up

-- What of the gate a team was told over which channel, so that nothing is told twice: notice names what happened. Sent is 0 while it is not
-- known to have arrived; again is when it may be tried again, 0 while a try is under way or nothing is left to try.
CREATE TABLE tellings (
    notice   TEXT NOT NULL,
    audience TEXT NOT NULL,
    channel  TEXT NOT NULL,
    begun    INTEGER NOT NULL,
    sent     INTEGER NOT NULL,
    again    INTEGER NOT NULL,
    tries    INTEGER NOT NULL,
    PRIMARY KEY (notice, audience, channel)
) WITHOUT ROWID;
