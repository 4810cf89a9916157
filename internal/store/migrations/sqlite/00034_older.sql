-- +goose Up

-- Since when the meters of new services begin by the records of older ones that they share code with: what has a record from before keeps the
-- meter that it has. One row. A new database has known it from the start of all time; one that has records notes when it is opened first.
CREATE TABLE older_since (
    id INTEGER PRIMARY KEY,
    at INTEGER
);
INSERT INTO older_since (id, at) SELECT 1, CASE WHEN EXISTS (SELECT 1 FROM events) OR EXISTS (SELECT 1 FROM decisions) THEN NULL ELSE -62135596800000 END;
