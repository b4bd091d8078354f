-- The tables that the SQLite migrations result in, for PostgreSQL. COLLATE "C" makes it compare text by bytes, as SQLite
-- does, whatever the locale of the database.

-- +goose Up
CREATE TABLE change (rev BIGINT PRIMARY KEY, kind TEXT NOT NULL, deleted BOOLEAN NOT NULL, doc TEXT NOT NULL);
CREATE TABLE replay (key TEXT COLLATE "C" PRIMARY KEY, until BIGINT NOT NULL, note TEXT NOT NULL);
CREATE INDEX replay_until ON replay (until);
CREATE TABLE idempotency (key TEXT COLLATE "C" PRIMARY KEY, until BIGINT NOT NULL, doc TEXT NOT NULL);
CREATE INDEX idempotency_until ON idempotency (until);
CREATE TABLE token_session (id TEXT COLLATE "C" PRIMARY KEY, application TEXT COLLATE "C" NOT NULL, store TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL, until BIGINT NOT NULL, doc TEXT NOT NULL);
CREATE INDEX token_session_application ON token_session (application);
CREATE INDEX token_session_user ON token_session (store, user_id);
CREATE INDEX token_session_until ON token_session (until);
CREATE TABLE last_used (id TEXT COLLATE "C" PRIMARY KEY, at BIGINT NOT NULL, service TEXT COLLATE "C" NOT NULL, region TEXT COLLATE "C" NOT NULL);

CREATE TABLE organization (id TEXT COLLATE "C" PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE account (id TEXT COLLATE "C" PRIMARY KEY, email_fold TEXT COLLATE "C" UNIQUE, doc TEXT NOT NULL, parent TEXT COLLATE "C" NOT NULL);
CREATE INDEX account_parent ON account (parent, id);
CREATE TABLE account_alias (account TEXT COLLATE "C" PRIMARY KEY, alias TEXT COLLATE "C" NOT NULL UNIQUE, doc TEXT NOT NULL);
CREATE TABLE org_unit (id TEXT COLLATE "C" PRIMARY KEY, parent TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL,
    UNIQUE (parent, name));
CREATE TABLE org_policy (id TEXT COLLATE "C" PRIMARY KEY, type TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL,
    UNIQUE (type, name));
CREATE INDEX org_policy_type ON org_policy (type, id);
CREATE TABLE org_attachment (target TEXT COLLATE "C" NOT NULL, policy TEXT COLLATE "C" NOT NULL, type TEXT COLLATE "C" NOT NULL,
    doc TEXT NOT NULL, PRIMARY KEY (target, policy));
CREATE INDEX org_attachment_policy ON org_attachment (policy, target);
CREATE TABLE key_ring (purpose TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (purpose, id));

CREATE TABLE iam_user (account TEXT COLLATE "C" NOT NULL, name_fold TEXT COLLATE "C" NOT NULL, path TEXT COLLATE "C" NOT NULL,
    doc TEXT NOT NULL, PRIMARY KEY (account, name_fold));
CREATE TABLE iam_group (account TEXT COLLATE "C" NOT NULL, name_fold TEXT COLLATE "C" NOT NULL, path TEXT COLLATE "C" NOT NULL,
    doc TEXT NOT NULL, PRIMARY KEY (account, name_fold));
CREATE TABLE iam_role (account TEXT COLLATE "C" NOT NULL, name_fold TEXT COLLATE "C" NOT NULL, path TEXT COLLATE "C" NOT NULL,
    doc TEXT NOT NULL, PRIMARY KEY (account, name_fold));
CREATE TABLE managed_policy (account TEXT COLLATE "C" NOT NULL, name_fold TEXT COLLATE "C" NOT NULL, path TEXT COLLATE "C" NOT NULL,
    doc TEXT NOT NULL, PRIMARY KEY (account, name_fold));
CREATE TABLE instance_profile (account TEXT COLLATE "C" NOT NULL, name_fold TEXT COLLATE "C" NOT NULL, path TEXT COLLATE "C" NOT NULL,
    role_fold TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (account, name_fold));
CREATE INDEX instance_profile_role ON instance_profile (account, role_fold, name_fold);
CREATE TABLE access_key (id TEXT COLLATE "C" PRIMARY KEY, account TEXT COLLATE "C" NOT NULL, user_fold TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL);
CREATE INDEX access_key_user ON access_key (account, user_fold);
CREATE TABLE oidc_provider (account TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (account, name));

CREATE TABLE identity_center (id TEXT COLLATE "C" PRIMARY KEY, account TEXT COLLATE "C" NOT NULL UNIQUE,
    store TEXT COLLATE "C" NOT NULL UNIQUE, doc TEXT NOT NULL);
CREATE TABLE directory_user (store TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL, user_name_fold TEXT COLLATE "C" NOT NULL,
    email_fold TEXT COLLATE "C", doc TEXT NOT NULL, created BIGINT NOT NULL, PRIMARY KEY (store, id), UNIQUE (store, user_name_fold),
    UNIQUE (store, email_fold));
CREATE INDEX directory_user_created ON directory_user (store, created, id);
CREATE TABLE directory_group (store TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL, display_name_fold TEXT COLLATE "C" NOT NULL,
    doc TEXT NOT NULL, created BIGINT NOT NULL, members BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (store, id), UNIQUE (store, display_name_fold));
CREATE INDEX directory_group_created ON directory_group (store, created, id);
CREATE TABLE external_id (store TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL, issuer TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL, owner TEXT COLLATE "C" NOT NULL, PRIMARY KEY (store, kind, issuer, value));
CREATE INDEX external_id_value ON external_id (store, kind, value);
CREATE INDEX external_id_owner ON external_id (store, kind, owner);
CREATE TABLE other_email (store TEXT COLLATE "C" NOT NULL, email_fold TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store, email_fold, user_id));
CREATE INDEX other_email_user ON other_email (store, user_id);
CREATE TABLE membership (store TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL, group_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (store, id), UNIQUE (store, group_id, user_id));
CREATE INDEX membership_of_group ON membership (store, group_id, id);
CREATE INDEX membership_of_user ON membership (store, user_id, id);

CREATE TABLE application (arn TEXT COLLATE "C" PRIMARY KEY, instance TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL);
CREATE INDEX application_instance ON application (instance, arn);
CREATE TABLE assignment (application TEXT COLLATE "C" NOT NULL, principal TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL,
    PRIMARY KEY (application, principal));
CREATE INDEX assignment_principal ON assignment (principal, application);
CREATE TABLE issuer (arn TEXT COLLATE "C" PRIMARY KEY, instance TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL);
CREATE INDEX issuer_instance ON issuer (instance, arn);
CREATE TABLE sign_in_provider (instance TEXT COLLATE "C" PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE scim_token (id TEXT COLLATE "C" PRIMARY KEY, store TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL);

CREATE TABLE bucket (name TEXT COLLATE "C" PRIMARY KEY, owner TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL);
CREATE INDEX bucket_owner ON bucket (owner, name);
CREATE TABLE grants_instance (account TEXT COLLATE "C" NOT NULL, region TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (account, region));
CREATE TABLE location (account TEXT COLLATE "C" NOT NULL, region TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (account, region, id), UNIQUE (account, region, scope));
CREATE TABLE access_grant (account TEXT COLLATE "C" NOT NULL, region TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL,
    location TEXT COLLATE "C" NOT NULL, scope TEXT COLLATE "C" NOT NULL, object BOOLEAN NOT NULL, grantee_type BIGINT NOT NULL,
    grantee_id TEXT COLLATE "C" NOT NULL, permission BIGINT NOT NULL, application TEXT COLLATE "C" NOT NULL, doc TEXT NOT NULL,
    created BIGINT NOT NULL, PRIMARY KEY (account, region, id), UNIQUE (account, region, grantee_id, grantee_type, scope, object, permission,
    application));
CREATE INDEX access_grant_location ON access_grant (account, region, location);
CREATE INDEX access_grant_scope ON access_grant (account, region, scope, id, object, location, grantee_type, grantee_id, permission,
    application, created);

-- The nodes that serve from this state: the last change that each has in memory, and the time of its last announcement.
CREATE TABLE node (id TEXT COLLATE "C" PRIMARY KEY, seen BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL);
