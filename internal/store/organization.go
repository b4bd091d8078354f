package store

import "granary"

// Organizations holds the one organization.
type Organizations struct{ Set[granary.Organization] }

// Get returns it; NotFound before the store is initialised.
func (s Organizations) Get() (*granary.Organization, error) {
	return s.one("SELECT doc FROM organization")
}

// Put writes it. A new one's root has the attachments that every target begins with.
func (s Organizations) Put(o *granary.Organization) error {
	if _, err := s.Get(); !granary.Is(err, granary.NotFound) {
		return s.Update(o)
	}
	if err := s.Create(o); err != nil {
		return err
	}
	return s.tx.OrgAttachments.begin(o.RootID)
}

// Accounts holds the accounts.
type Accounts struct{ Set[granary.Account] }

// Create adds an account, with the attachments that every target begins with. It fails with Exists as every Create does.
func (s Accounts) Create(a *granary.Account) error {
	if err := s.Set.Create(a); err != nil {
		return err
	}
	return s.tx.OrgAttachments.begin(string(a.ID))
}

// Get looks an account up.
func (s Accounts) Get(id granary.AccountID) (*granary.Account, error) { return s.getBy(string(id)) }

// ByEmail looks an account up by its address, in whatever case.
func (s Accounts) ByEmail(address string) (*granary.Account, error) {
	return s.one("SELECT doc FROM account WHERE email_fold = $1", Fold(address))
}

// Count is how many accounts there are.
func (s Accounts) Count() (int, error) { return s.count("SELECT COUNT(*) FROM account") }

// List is all accounts after one, by id.
func (s Accounts) List(after granary.AccountID, limit int) ([]*granary.Account, string, error) {
	return s.page(limit, accountKey, "SELECT doc FROM account WHERE id > $1 ORDER BY id", string(after))
}

// ListUnder is the accounts in a unit, after one, by id; "" is the root.
func (s Accounts) ListUnder(unit string, after granary.AccountID, limit int) ([]*granary.Account, string, error) {
	return s.page(limit, accountKey, "SELECT doc FROM account WHERE parent = $1 AND id > $2 ORDER BY id", unit, string(after))
}

func accountKey(a *granary.Account) string { return string(a.ID) }

// OrgUnits holds the organizational units.
type OrgUnits struct{ Set[granary.OrgUnit] }

// Create adds a unit, with the attachments that every target begins with. It fails with Exists when the parent has one of the name.
func (s OrgUnits) Create(u *granary.OrgUnit) error {
	if err := s.Set.Create(u); err != nil {
		return err
	}
	return s.tx.OrgAttachments.begin(u.ID)
}

// Get looks a unit up.
func (s OrgUnits) Get(id string) (*granary.OrgUnit, error) { return s.getBy(id) }

// Delete removes a unit and what is attached to it.
func (s OrgUnits) Delete(id string) error {
	if err := s.tx.OrgAttachments.end(id); err != nil {
		return err
	}
	return s.deleteBy(id)
}

// ListUnder is the units of a parent, after one, by id.
func (s OrgUnits) ListUnder(parent, after string, limit int) ([]*granary.OrgUnit, string, error) {
	return s.page(limit, func(u *granary.OrgUnit) string { return u.ID },
		"SELECT doc FROM org_unit WHERE parent = $1 AND id > $2 ORDER BY id", parent, after)
}

// Empty reports whether a unit has neither accounts nor units.
func (s OrgUnits) Empty(id string) (bool, error) {
	n, err := s.count("SELECT (SELECT COUNT(*) FROM account WHERE parent = $1) + (SELECT COUNT(*) FROM org_unit WHERE parent = $1)", id)
	return n == 0, err
}

// Count is how many units there are.
func (s OrgUnits) Count() (int, error) { return s.count("SELECT COUNT(*) FROM org_unit") }

// All is every unit.
func (s OrgUnits) All() ([]*granary.OrgUnit, error) {
	return s.list("SELECT doc FROM org_unit ORDER BY id")
}

// OrgPolicies holds the organization's policies.
type OrgPolicies struct{ Set[granary.OrgPolicy] }

// Get looks a policy up.
func (s OrgPolicies) Get(id string) (*granary.OrgPolicy, error) { return s.getBy(id) }

// Delete removes a policy.
func (s OrgPolicies) Delete(id string) error { return s.deleteBy(id) }

// List is the policies of a type, after one, by id.
func (s OrgPolicies) List(policyType, after string, limit int) ([]*granary.OrgPolicy, string, error) {
	return s.page(limit, func(p *granary.OrgPolicy) string { return p.ID },
		"SELECT doc FROM org_policy WHERE type = $1 AND id > $2 ORDER BY id", policyType, after)
}

// Count is how many policies of a type there are.
func (s OrgPolicies) Count(policyType string) (int, error) {
	return s.count("SELECT COUNT(*) FROM org_policy WHERE type = $1", policyType)
}

// OrgAttachments holds which policy is attached to which target.
type OrgAttachments struct{ Set[granary.Attachment] }

// Delete removes an attachment.
func (s OrgAttachments) Delete(target, policy string) error { return s.deleteBy(target, policy) }

// Of is a target's attachments of a type, by policy.
func (s OrgAttachments) Of(target, policyType string) ([]*granary.Attachment, error) {
	return s.list("SELECT doc FROM org_attachment WHERE target = $1 AND type = $2 ORDER BY policy", target, policyType)
}

// Targets is what a policy is attached to, after one, by target.
func (s OrgAttachments) Targets(policy, after string, limit int) ([]*granary.Attachment, string, error) {
	return s.page(limit, func(a *granary.Attachment) string { return a.Target },
		"SELECT doc FROM org_attachment WHERE policy = $1 AND target > $2 ORDER BY target", policy, after)
}

// Reset detaches every policy of a type but AWS's own, which every target has again then.
func (s OrgAttachments) Reset(policyType string) error {
	list, err := s.list("SELECT doc FROM org_attachment WHERE type = $1", policyType)
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

func (s OrgAttachments) begin(target string) error {
	for _, a := range granary.DefaultAttachments(target) {
		if err := s.Create(a); err != nil {
			return err
		}
	}
	return nil
}

func (s OrgAttachments) end(target string) error {
	list, err := s.list("SELECT doc FROM org_attachment WHERE target = $1", target)
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
