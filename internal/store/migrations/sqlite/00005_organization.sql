-- Organizational units, and the policies that limit accounts. AWS's policies that allow everything are attached to every
-- new target.

-- +goose Up
CREATE TABLE org_unit (id TEXT PRIMARY KEY, parent TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL, UNIQUE (parent, name)) WITHOUT ROWID;
CREATE TABLE org_policy (id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL, UNIQUE (type, name)) WITHOUT ROWID;
CREATE INDEX org_policy_type ON org_policy (type, id);
CREATE TABLE org_attachment (target TEXT NOT NULL, policy TEXT NOT NULL, type TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (target, policy)) WITHOUT ROWID;
CREATE INDEX org_attachment_policy ON org_attachment (policy, target);
ALTER TABLE account ADD COLUMN parent TEXT NOT NULL DEFAULT '';
CREATE INDEX account_parent ON account (parent, id);

INSERT INTO org_attachment (target, policy, type, doc)
    SELECT t.id, p.id, p.type, '{"Target":"' || t.id || '","Policy":"' || p.id || '","Type":"' || p.type || '"}'
    FROM (SELECT id FROM account UNION ALL SELECT doc ->> 'RootID' FROM organization) AS t,
         (SELECT 'p-FullAWSAccess' AS id, 'SERVICE_CONTROL_POLICY' AS type UNION ALL SELECT 'p-RCPFullAWSAccess', 'RESOURCE_CONTROL_POLICY') AS p;
