-- +goose Up

-- Which sources have told of which services: what a service's record is made of.
CREATE TABLE served (
    service TEXT COLLATE "C" NOT NULL,
    source  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (service, source)
);
CREATE INDEX served_source ON served (source);
