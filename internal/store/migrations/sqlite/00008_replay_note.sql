-- What may be used once has a note of who used it: a request that is sent again is told from another's.

-- +goose Up
ALTER TABLE replay ADD COLUMN note TEXT NOT NULL DEFAULT '';
