-- +goose Up

-- Under which configuration the database is kept: the declared services, and the rules and the time zone of what is derived. One row,
-- without a name where it is kept under the defaults, and none where only versions kept it that noted nothing.
CREATE TABLE configured (
    id   BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    zone TEXT NOT NULL
);
