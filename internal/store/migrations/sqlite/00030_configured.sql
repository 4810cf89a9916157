-- +goose Up

-- Under which configuration the database is kept: the declared services, and the rules and the time zone of what is derived. One row, or
-- none where no configuration was ever named.
CREATE TABLE configured (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    zone TEXT NOT NULL
);
