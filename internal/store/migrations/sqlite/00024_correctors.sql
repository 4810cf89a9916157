-- +goose Up

-- Who made a correction and who withdrew it, as the audit log names them; empty for those made before this was kept.
ALTER TABLE corrections ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
ALTER TABLE corrections ADD COLUMN withdrawn_by TEXT NOT NULL DEFAULT '';
