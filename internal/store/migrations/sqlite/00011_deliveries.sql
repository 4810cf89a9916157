-- +goose Up

-- What hosts pushed, one row a delivery: a repeated one is known by its source and id. problem lists, as JSON, the records that could
-- not be turned into an event and why. Only such a delivery keeps its body, compressed, and the header that says how to read it: what a
-- host sends may name people, and is needed no longer than until it can be read.
CREATE TABLE deliveries (
    seq         INTEGER PRIMARY KEY,
    source      TEXT    NOT NULL,
    delivery    TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    outcome     TEXT    NOT NULL,
    events      INTEGER NOT NULL,
    set_aside   INTEGER NOT NULL,
    ignored     TEXT    NOT NULL,
    problem     TEXT    NOT NULL,
    header      TEXT    NOT NULL,
    body        BLOB
);
CREATE UNIQUE INDEX deliveries_known ON deliveries (source, delivery);
CREATE INDEX deliveries_received ON deliveries (received_at);
CREATE INDEX deliveries_unread ON deliveries (source, seq) WHERE outcome = 'set aside';

-- How many deliveries to a source were refused because nothing showed that its host sent them, and when last.
CREATE TABLE refusals (
    source     TEXT PRIMARY KEY,
    refused    INTEGER NOT NULL,
    refused_at INTEGER NOT NULL
) WITHOUT ROWID;
