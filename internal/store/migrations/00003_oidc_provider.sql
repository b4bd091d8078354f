-- +goose Up
CREATE TABLE oidc_provider (account TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (account, name)) WITHOUT ROWID;
