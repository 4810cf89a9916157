-- +goose Up

-- The kinds of environment of which a service has several: there the rollouts of a day say what arrived only together with those
-- before them. An asterisk where that was not noted.
ALTER TABLE facts ADD COLUMN several TEXT NOT NULL DEFAULT '*';

-- Counts the changes of the set's rows in observed and outages, so that what was read of them can be kept while it stays the same.
ALTER TABLE tally_sets ADD COLUMN observations INTEGER NOT NULL DEFAULT 0;

-- Whether anything is to be derived is asked before every answer.
CREATE INDEX services_touched ON services (name) WHERE touched <> derived;
CREATE INDEX services_rules ON services (rules);
