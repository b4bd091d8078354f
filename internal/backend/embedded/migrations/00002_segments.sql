-- How many segments the parts of an upload have, so that an object is not made of too many.

-- +goose Up
ALTER TABLE upload ADD COLUMN segments INTEGER NOT NULL DEFAULT 0;
