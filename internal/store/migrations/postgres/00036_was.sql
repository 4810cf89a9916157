-- +goose Up

-- Rollouts as they were known until corrections changed them, as JSON. It is filled as facts are derived anew.
ALTER TABLE facts ADD COLUMN was TEXT NOT NULL DEFAULT '[]';
