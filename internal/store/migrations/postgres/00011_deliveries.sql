-- +goose Up

-- What hosts pushed, one row a delivery: a repeated one is known by its source and id. problem lists, as JSON, the records that could
-- not be turned into an event and why. Only such a delivery keeps its body, compressed, and the header that says how to read it: what a
-- host sends may name people, and is needed no longer than until it can be read.
CREATE TABLE deliveries (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      TEXT COLLATE "C" NOT NULL,
    delivery    TEXT COLLATE "C" NOT NULL,
    kind        TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    outcome     TEXT COLLATE "C" NOT NULL,
    events      BIGINT NOT NULL,
    set_aside   BIGINT NOT NULL,
    ignored     TEXT NOT NULL,
    problem     TEXT NOT NULL,
    header      TEXT NOT NULL,
    body        BYTEA
);
CREATE UNIQUE INDEX deliveries_known ON deliveries (source, delivery);
CREATE INDEX deliveries_received ON deliveries (received_at);
CREATE INDEX deliveries_unread ON deliveries (source, seq) WHERE outcome = 'set aside';

-- How many deliveries to a source were refused because nothing showed that its host sent them, and when last.
CREATE TABLE refusals (
    source     TEXT COLLATE "C" PRIMARY KEY,
    refused    BIGINT NOT NULL,
    refused_at BIGINT NOT NULL
);
