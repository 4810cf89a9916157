-- +goose Up

-- A deployment on hold is looked at again when something new is known of its service. service is what it is about; heard what was known
-- before the last look, as heardOf tells it; wake_at the earliest time at which news may lead to another look, while somebody looks the
-- time until when they may.
ALTER TABLE gate_waiting ADD COLUMN service TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE gate_waiting ADD COLUMN heard TEXT NOT NULL DEFAULT '';
ALTER TABLE gate_waiting ADD COLUMN wake_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX gate_waiting_held ON gate_waiting (wake_at) WHERE state = 'waiting' AND verdict = 'hold';
