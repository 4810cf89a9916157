-- +goose Up

-- What was told of a quarter's rounds when it was told first: it is told like that ever after, so that no two readings differ by what one
-- team did in between.
CREATE TABLE rollups (
    quarter TEXT PRIMARY KEY,
    told_at INTEGER NOT NULL,
    body    TEXT NOT NULL
) WITHOUT ROWID;
