-- +goose Up

-- What sources of signals showed of a service when they were read last, as JSON: with the service, since a decision reads that anyway.
ALTER TABLE services ADD COLUMN monitored TEXT NOT NULL DEFAULT '';
