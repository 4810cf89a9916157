-- +goose Up

-- Random keys that belong to this database, one a purpose.
CREATE TABLE secrets (
    purpose TEXT PRIMARY KEY,
    secret  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
