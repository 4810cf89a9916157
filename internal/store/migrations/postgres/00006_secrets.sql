-- +goose Up

-- Random keys that belong to this database, one a purpose.
CREATE TABLE secrets (
    purpose TEXT COLLATE "C" PRIMARY KEY,
    secret  TEXT COLLATE "C" NOT NULL
);
