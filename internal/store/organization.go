package store

import "granary"

// Organizations holds the organization. There is exactly one.
type Organizations struct{ Set[granary.Organization] }

// Get returns the organization. It fails with NotFound before the store is initialised.
func (s Organizations) Get() (*granary.Organization, error) {
	return s.queryOne("SELECT doc FROM organization")
}

// Put creates or replaces the organization. A new organization's root gets the policies that are attached to every
// target by default.
func (s Organizations) Put(o *granary.Organization) error {
	if _, err := s.Get(); !granary.Is(err, granary.NotFound) {
		return s.Update(o)
	}
	if err := s.Create(o); err != nil {
		return err
	}
	return s.tx.OrgAttachments.attachDefaults(o.RootID)
}

// Accounts holds the accounts.
type Accounts struct{ Set[granary.Account] }

// Create adds an account with the policies that are attached to every target by default. It fails with Exists when the
// id or the e-mail address is taken.
func (s Accounts) Create(a *granary.Account) error {
	if err := s.Set.Create(a); err != nil {
		return err
	}
	return s.tx.OrgAttachments.attachDefaults(string(a.ID))
}

// Get returns the account with an id. It fails with NotFound when there is none.
func (s Accounts) Get(id granary.AccountID) (*granary.Account, error) { return s.getByKey(string(id)) }

// ByEmail returns the account with an e-mail address, whatever its letter case. It fails with NotFound when there is
// none.
func (s Accounts) ByEmail(address string) (*granary.Account, error) {
	return s.queryOne("SELECT doc FROM account WHERE email_fold = $1", Fold(address))
}

// Count returns the number of accounts.
func (s Accounts) Count() (int, error) { return s.queryCount("SELECT COUNT(*) FROM account") }

// List returns all accounts in the order of their ids, from after one of them.
func (s Accounts) List(after granary.AccountID, limit int) ([]*granary.Account, string, error) {
	return s.queryPage(limit, accountKey, "SELECT doc FROM account WHERE id > $1 ORDER BY id", string(after))
}

// ListUnder returns the accounts in an organizational unit, or in the root if unit is "", in the order of their ids,
// from after one of them.
func (s Accounts) ListUnder(unit string, after granary.AccountID, limit int) ([]*granary.Account, string, error) {
	return s.queryPage(limit, accountKey, "SELECT doc FROM account WHERE parent = $1 AND id > $2 ORDER BY id", unit,
		string(after))
}

func accountKey(a *granary.Account) string { return string(a.ID) }

// OrgUnits holds the organizational units.
type OrgUnits struct{ Set[granary.OrgUnit] }

// Create adds a unit with the policies that are attached to every target by default. It fails with Exists when the
// parent has a unit of that name.
func (s OrgUnits) Create(u *granary.OrgUnit) error {
	if err := s.Set.Create(u); err != nil {
		return err
	}
	return s.tx.OrgAttachments.attachDefaults(u.ID)
}

// Get returns the unit with an id. It fails with NotFound when there is none.
func (s OrgUnits) Get(id string) (*granary.OrgUnit, error) { return s.getByKey(id) }

// Delete removes a unit and detaches its policies.
func (s OrgUnits) Delete(id string) error {
	if err := s.tx.OrgAttachments.detachAll(id); err != nil {
		return err
	}
	return s.deleteByKey(id)
}

// ListUnder returns the units of a parent in the order of their ids, from after one of them.
func (s OrgUnits) ListUnder(parent, after string, limit int) ([]*granary.OrgUnit, string, error) {
	return s.queryPage(limit, func(u *granary.OrgUnit) string { return u.ID },
		"SELECT doc FROM org_unit WHERE parent = $1 AND id > $2 ORDER BY id", parent, after)
}

// Empty reports whether a unit contains neither accounts nor units.
func (s OrgUnits) Empty(id string) (bool, error) {
	n, err := s.queryCount("SELECT (SELECT COUNT(*) FROM account WHERE parent = $1) + "+
		"(SELECT COUNT(*) FROM org_unit WHERE parent = $1)", id)
	return n == 0, err
}

// Count returns the number of units.
func (s OrgUnits) Count() (int, error) { return s.queryCount("SELECT COUNT(*) FROM org_unit") }

// All returns every unit in the order of their ids.
func (s OrgUnits) All() ([]*granary.OrgUnit, error) {
	return s.queryAll("SELECT doc FROM org_unit ORDER BY id")
}

// OrgPolicies holds the organization's policies.
type OrgPolicies struct{ Set[granary.OrgPolicy] }

// Get returns the policy with an id. It fails with NotFound when there is none.
func (s OrgPolicies) Get(id string) (*granary.OrgPolicy, error) { return s.getByKey(id) }

// Delete removes a policy.
func (s OrgPolicies) Delete(id string) error { return s.deleteByKey(id) }

// List returns the policies of a type in the order of their ids, from after one of them.
func (s OrgPolicies) List(policyType, after string, limit int) ([]*granary.OrgPolicy, string, error) {
	return s.queryPage(limit, func(p *granary.OrgPolicy) string { return p.ID },
		"SELECT doc FROM org_policy WHERE type = $1 AND id > $2 ORDER BY id", policyType, after)
}

// Count returns the number of policies of a type.
func (s OrgPolicies) Count(policyType string) (int, error) {
	return s.queryCount("SELECT COUNT(*) FROM org_policy WHERE type = $1", policyType)
}

// OrgAttachments holds the attachments of organization policies to targets: the root, units and accounts.
type OrgAttachments struct{ Set[granary.Attachment] }

// Delete removes an attachment.
func (s OrgAttachments) Delete(target, policy string) error { return s.deleteByKey(target, policy) }

// Of returns a target's attachments of a type in the order of their policies.
func (s OrgAttachments) Of(target, policyType string) ([]*granary.Attachment, error) {
	return s.queryAll("SELECT doc FROM org_attachment WHERE target = $1 AND type = $2 ORDER BY policy", target, policyType)
}

// Targets returns a policy's attachments in the order of their targets, from after one of them.
func (s OrgAttachments) Targets(policy, after string, limit int) ([]*granary.Attachment, string, error) {
	return s.queryPage(limit, func(a *granary.Attachment) string { return a.Target },
		"SELECT doc FROM org_attachment WHERE policy = $1 AND target > $2 ORDER BY target", policy, after)
}

// Reset detaches every policy of a type except AWS's own, and attaches AWS's own to every target that had any.
func (s OrgAttachments) Reset(policyType string) error {
	list, err := s.queryAll("SELECT doc FROM org_attachment WHERE type = $1", policyType)
	if err != nil {
		return err
	}
	full := granary.FullAccess
	if policyType == granary.ResourceControl {
		full = granary.FullResourceAccess
	}
	targets := map[string]bool{}
	for _, a := range list {
		if a.Policy == full {
			targets[a.Target] = true
			continue
		}
		if _, seen := targets[a.Target]; !seen {
			targets[a.Target] = false
		}
		if err := s.Delete(a.Target, a.Policy); err != nil {
			return err
		}
	}
	for t, has := range targets {
		if !has {
			if err := s.Create(&granary.Attachment{Target: t, Policy: full, Type: policyType}); err != nil {
				return err
			}
		}
	}
	return nil
}

// attachDefaults attaches the policies that every target has by default.
func (s OrgAttachments) attachDefaults(target string) error {
	for _, a := range granary.DefaultAttachments(target) {
		if err := s.Create(a); err != nil {
			return err
		}
	}
	return nil
}

// detachAll removes all attachments of a target.
func (s OrgAttachments) detachAll(target string) error {
	list, err := s.queryAll("SELECT doc FROM org_attachment WHERE target = $1", target)
	if err != nil {
		return err
	}
	for _, a := range list {
		if err := s.Delete(a.Target, a.Policy); err != nil {
			return err
		}
	}
	return nil
}
