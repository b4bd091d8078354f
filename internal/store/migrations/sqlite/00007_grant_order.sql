-- Indexes to list grants by scope, and to load all grants at start without reading the table.

-- +goose Up
ALTER TABLE access_grant ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
DROP INDEX access_grant_scope;
CREATE INDEX access_grant_scope ON access_grant (account, region, scope, id, object, location, grantee_type, grantee_id, permission, application, created);
