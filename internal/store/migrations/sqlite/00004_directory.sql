-- The order of creation of users and groups, e-mail addresses other than the primary one, and a number that counts the
-- changes of a group's members.

-- +goose Up
ALTER TABLE directory_user ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
UPDATE directory_user SET created = CAST(unixepoch(json_extract(doc, '$.Created'), 'subsec') * 1000000 AS INTEGER);
CREATE INDEX directory_user_created ON directory_user (store, created, id);
ALTER TABLE directory_group ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
UPDATE directory_group SET created = CAST(unixepoch(json_extract(doc, '$.Created'), 'subsec') * 1000000 AS INTEGER);
CREATE INDEX directory_group_created ON directory_group (store, created, id);
ALTER TABLE directory_group ADD COLUMN members BIGINT NOT NULL DEFAULT 0;
CREATE TABLE other_email (store TEXT NOT NULL, email_fold TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (store, email_fold, user_id)) WITHOUT ROWID;
CREATE INDEX other_email_user ON other_email (store, user_id);
