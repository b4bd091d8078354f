-- One table for each noun. The columns are the values by which nouns are found, ordered or unique; doc holds the noun as
-- JSON.

-- +goose Up
CREATE TABLE change (rev INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, deleted BOOLEAN NOT NULL, doc TEXT NOT NULL);
CREATE TABLE replay (key TEXT PRIMARY KEY, until BIGINT NOT NULL) WITHOUT ROWID;
CREATE INDEX replay_until ON replay (until);
CREATE TABLE idempotency (key TEXT PRIMARY KEY, until BIGINT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX idempotency_until ON idempotency (until);

CREATE TABLE organization (id TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE account (id TEXT PRIMARY KEY, email_fold TEXT UNIQUE, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE key_ring (purpose TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (purpose, id)) WITHOUT ROWID;

CREATE TABLE iam_user (account TEXT NOT NULL, name_fold TEXT NOT NULL, path TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (account, name_fold)) WITHOUT ROWID;
CREATE TABLE iam_role (account TEXT NOT NULL, name_fold TEXT NOT NULL, path TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (account, name_fold)) WITHOUT ROWID;
CREATE TABLE managed_policy (account TEXT NOT NULL, name_fold TEXT NOT NULL, path TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (account, name_fold)) WITHOUT ROWID;
CREATE TABLE access_key (id TEXT PRIMARY KEY, account TEXT NOT NULL, user_fold TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX access_key_user ON access_key (account, user_fold);

CREATE TABLE identity_center (id TEXT PRIMARY KEY, account TEXT NOT NULL UNIQUE, store TEXT NOT NULL UNIQUE, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE directory_user (store TEXT NOT NULL, id TEXT NOT NULL, user_name_fold TEXT NOT NULL, email_fold TEXT, doc TEXT NOT NULL,
    PRIMARY KEY (store, id), UNIQUE (store, user_name_fold), UNIQUE (store, email_fold));
CREATE TABLE directory_group (store TEXT NOT NULL, id TEXT NOT NULL, display_name_fold TEXT NOT NULL, doc TEXT NOT NULL,
    PRIMARY KEY (store, id), UNIQUE (store, display_name_fold));
CREATE TABLE external_id (store TEXT NOT NULL, kind TEXT NOT NULL, issuer TEXT NOT NULL, value TEXT NOT NULL, owner TEXT NOT NULL,
    PRIMARY KEY (store, kind, issuer, value)) WITHOUT ROWID;
CREATE INDEX external_id_value ON external_id (store, kind, value);
CREATE INDEX external_id_owner ON external_id (store, kind, owner);
CREATE TABLE membership (store TEXT NOT NULL, id TEXT NOT NULL, group_id TEXT NOT NULL, user_id TEXT NOT NULL, doc TEXT NOT NULL,
    PRIMARY KEY (store, id), UNIQUE (store, group_id, user_id));
CREATE INDEX membership_of_group ON membership (store, group_id, id);
CREATE INDEX membership_of_user ON membership (store, user_id, id);

CREATE TABLE application (arn TEXT PRIMARY KEY, instance TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX application_instance ON application (instance, arn);
CREATE TABLE issuer (arn TEXT PRIMARY KEY, instance TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX issuer_instance ON issuer (instance, arn);
CREATE TABLE assignment (application TEXT NOT NULL, principal TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (application, principal)) WITHOUT ROWID;
CREATE INDEX assignment_principal ON assignment (principal, application);
CREATE TABLE scim_token (id TEXT PRIMARY KEY, store TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE bucket (name TEXT PRIMARY KEY, owner TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX bucket_owner ON bucket (owner, name);
CREATE TABLE grants_instance (account TEXT NOT NULL, region TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (account, region)) WITHOUT ROWID;
CREATE TABLE location (account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, scope TEXT NOT NULL, doc TEXT NOT NULL,
    PRIMARY KEY (account, region, id), UNIQUE (account, region, scope));
CREATE TABLE access_grant (account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, location TEXT NOT NULL, scope TEXT NOT NULL,
    object BOOLEAN NOT NULL, grantee_type BIGINT NOT NULL, grantee_id TEXT NOT NULL, permission BIGINT NOT NULL, application TEXT NOT NULL, doc TEXT NOT NULL,
    PRIMARY KEY (account, region, id), UNIQUE (account, region, grantee_id, grantee_type, scope, object, permission, application));
CREATE INDEX access_grant_location ON access_grant (account, region, location);
CREATE INDEX access_grant_scope ON access_grant (account, region, scope, id);
