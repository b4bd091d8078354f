-- +goose Up
CREATE TABLE oidc_provider (account TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (account, name)) WITHOUT ROWID;
CREATE TABLE sign_in_provider (instance TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
