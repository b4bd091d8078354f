-- +goose Up
CREATE TABLE bucket (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE object (bucket TEXT NOT NULL, key BLOB NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE TABLE upload (bucket TEXT NOT NULL, key BLOB NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (bucket, key, id)) WITHOUT ROWID;
CREATE TABLE part (upload TEXT NOT NULL, number INTEGER NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (upload, number)) WITHOUT ROWID;
-- Bytes: small ones here, others in a file of the id's name. refs counts the objects and parts that are made of them.
CREATE TABLE content (id TEXT PRIMARY KEY, refs INTEGER NOT NULL, data BLOB);
