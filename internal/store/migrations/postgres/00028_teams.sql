-- +goose Up

-- The teams for which a token acts, a JSON list: their results open with it. None for tokens made before.
ALTER TABLE tokens ADD COLUMN teams TEXT NOT NULL DEFAULT '[]';
