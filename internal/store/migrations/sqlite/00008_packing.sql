-- +goose Up

-- The digest covers the whole key of a revision, so its first half, beside what the revision is looked up by, is identity enough:
-- the repository for code, the record for all else. The long key that was the index before took as much room as the table. Two
-- indexes, because with one the planner would look for records among all that belong to no repository.
-- Payloads, bodies and changes that are stored from now on are packed; SQLite keeps text and bytes in one column.
DROP INDEX events_revision;
UPDATE events SET digest = substr(digest, 1, 16);
CREATE UNIQUE INDEX events_code ON events (repository, digest) WHERE repository <> '';
CREATE UNIQUE INDEX events_record ON events (id, type, source, digest) WHERE repository = '';
