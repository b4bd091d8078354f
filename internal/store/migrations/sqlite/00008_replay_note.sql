-- A used key has a note about its use, by which a request that is sent again is distinguished from another one.

-- +goose Up
ALTER TABLE replay ADD COLUMN note TEXT NOT NULL DEFAULT '';
