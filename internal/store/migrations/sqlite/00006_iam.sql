-- +goose Up
CREATE TABLE iam_group (account TEXT NOT NULL, name_fold TEXT NOT NULL, path TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (account, name_fold)) WITHOUT ROWID;
CREATE TABLE instance_profile (account TEXT NOT NULL, name_fold TEXT NOT NULL, path TEXT NOT NULL, role_fold TEXT NOT NULL, doc TEXT NOT NULL,
    PRIMARY KEY (account, name_fold)) WITHOUT ROWID;
CREATE INDEX instance_profile_role ON instance_profile (account, role_fold, name_fold);
CREATE TABLE account_alias (account TEXT PRIMARY KEY, alias TEXT NOT NULL UNIQUE, doc TEXT NOT NULL) WITHOUT ROWID;
-- The last use of access keys and roles: information that is written seldom and is not part of the change log.
CREATE TABLE last_used (id TEXT PRIMARY KEY, at BIGINT NOT NULL, service TEXT NOT NULL, region TEXT NOT NULL) WITHOUT ROWID;
