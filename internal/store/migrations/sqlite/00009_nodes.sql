-- +goose Up
-- Each entry of the log has an id.
ALTER TABLE change ADD COLUMN id TEXT NOT NULL DEFAULT '';

-- The settings with which this state was last used.
CREATE TABLE setting (name TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
