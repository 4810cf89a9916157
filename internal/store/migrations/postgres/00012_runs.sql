-- +goose Up

-- How the reading of a source goes. A run is a reading from its first page to its last, however often it is cut on the way;
-- one that has not finished has the zero time's own millisecond there, and so has every other time that is not known.
ALTER TABLE sources ADD COLUMN run_started_at BIGINT NOT NULL DEFAULT -62135596800000;
ALTER TABLE sources ADD COLUMN run_finished_at BIGINT NOT NULL DEFAULT -62135596800000;
ALTER TABLE sources ADD COLUMN pages BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN events BIGINT NOT NULL DEFAULT 0;
-- Runs in a row that ended with an error.
ALTER TABLE sources ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;

-- What is being read, and how much of it is.
ALTER TABLE sources ADD COLUMN doing TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN done BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN total BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN part BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN parts BIGINT NOT NULL DEFAULT 0;

-- What the host lets us ask still; a limit of 0 where it has said nothing.
ALTER TABLE sources ADD COLUMN budget_left BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN budget_limit BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN budget_reset_at BIGINT NOT NULL DEFAULT -62135596800000;

-- When it is read next, and what it waits for until when.
ALTER TABLE sources ADD COLUMN next_at BIGINT NOT NULL DEFAULT -62135596800000;
ALTER TABLE sources ADD COLUMN wait_until BIGINT NOT NULL DEFAULT -62135596800000;
ALTER TABLE sources ADD COLUMN wait_reason TEXT NOT NULL DEFAULT '';
