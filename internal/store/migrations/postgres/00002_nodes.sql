-- +goose Up
-- Each entry of the log has an id. Entries written after the database was restored have other ids than the lost ones.
ALTER TABLE change ADD COLUMN id TEXT COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text;

-- The writer locks the only row of this table. server is the last server on which all live nodes were known. channel is
-- the notification channel of changes: a user who cannot read this table cannot wake the nodes.
CREATE TABLE writing (one BOOLEAN PRIMARY KEY CHECK (one), server TEXT COLLATE "C" NOT NULL, channel TEXT COLLATE "C" NOT NULL);
INSERT INTO writing (one, server, channel) VALUES (true, '', 'granary_' || replace(gen_random_uuid()::text, '-', ''));

-- The settings that all nodes must share.
CREATE TABLE setting (name TEXT COLLATE "C" PRIMARY KEY, doc TEXT NOT NULL);

-- A node writes its row several times a second. The fill factor leaves room for the new versions in the same page.
ALTER TABLE node SET (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
