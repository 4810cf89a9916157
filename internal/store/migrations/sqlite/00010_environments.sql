-- +goose Up

-- The kinds of environment of which a service has several: there the rollouts of a day say what arrived only together with those
-- before them. An asterisk where that was not noted.
ALTER TABLE facts ADD COLUMN several TEXT NOT NULL DEFAULT '*';
