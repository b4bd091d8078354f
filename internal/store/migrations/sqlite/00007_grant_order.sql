-- Grants are listed by scope, and loaded at start from an index alone.

-- +goose Up
ALTER TABLE access_grant ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
DROP INDEX access_grant_scope;
CREATE INDEX access_grant_scope ON access_grant (account, region, scope, id, object, location, grantee_type, grantee_id, permission, application, created);
