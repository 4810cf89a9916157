-- +goose Up

-- The first planned deployment to production that was known, whatever corrections say since: when it finished, in milliseconds, 0 where there was
-- none, and when it was known. They are filled as facts are derived anew.
ALTER TABLE facts ADD COLUMN first_planned BIGINT;
ALTER TABLE facts ADD COLUMN first_planned_known BIGINT;
