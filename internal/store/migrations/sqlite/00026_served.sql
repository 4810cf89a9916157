-- +goose Up

-- Which sources have told of which services: what a service's record is made of.
CREATE TABLE served (
    service TEXT NOT NULL,
    source  TEXT NOT NULL,
    PRIMARY KEY (service, source)
) WITHOUT ROWID;
CREATE INDEX served_source ON served (source);
