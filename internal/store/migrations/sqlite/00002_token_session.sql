-- +goose Up
CREATE TABLE token_session (id TEXT PRIMARY KEY, application TEXT NOT NULL, store TEXT NOT NULL, user_id TEXT NOT NULL, until BIGINT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX token_session_application ON token_session (application);
CREATE INDEX token_session_user ON token_session (store, user_id);
CREATE INDEX token_session_until ON token_session (until);
