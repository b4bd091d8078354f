package iam

import (
	"regexp"
	"strings"
	"time"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

var aliasForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

// createAlias gives the account an alias. It replaces the one that the account has.
func (s account) createAlias(c *awsapi.Call, in *api.CreateAccountAliasInput) (*api.CreateAccountAliasOutput, error) {
	switch {
	case !aliasForm.MatchString(in.AccountAlias) || strings.Contains(in.AccountAlias, "--"):
		return nil, granary.Errorf(granary.Invalid, "1 validation error detected: Value '%s' at 'accountAlias' failed to "+
			"satisfy constraint: Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
			in.AccountAlias)
	case granary.AccountID(in.AccountAlias).Valid():
		return nil, granary.Errorf(granary.Invalid, "The account alias %s is in the form of an account number.",
			in.AccountAlias).WithCode("InvalidInput")
	}
	a := &granary.AccountAlias{Account: c.Caller.Account, Alias: in.AccountAlias}
	return &api.CreateAccountAliasOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		_, err := tx.AccountAliases.Get(a.Account)
		switch {
		case granary.Is(err, granary.NotFound):
			err = tx.AccountAliases.Create(a)
		case err == nil:
			err = tx.AccountAliases.Update(a)
		}
		if granary.Is(err, granary.Exists) {
			return granary.Errorf(granary.Exists, "The account alias %s already exists.", a.Alias)
		}
		return err
	})
}

func (s account) deleteAlias(c *awsapi.Call, in *api.DeleteAccountAliasInput) (*api.DeleteAccountAliasOutput, error) {
	return &api.DeleteAccountAliasOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		a, err := tx.AccountAliases.Get(c.Caller.Account)
		if granary.Is(err, granary.NotFound) || err == nil && a.Alias != in.AccountAlias {
			return granary.Errorf(granary.NotFound, "The account alias %s cannot be found.", in.AccountAlias)
		}
		if err != nil {
			return err
		}
		return tx.AccountAliases.Delete(c.Caller.Account)
	})
}

func (s account) listAliases(c *awsapi.Call, in *api.ListAccountAliasesInput) (*api.ListAccountAliasesOutput, error) {
	out := &api.ListAccountAliasesOutput{}
	var all []string
	err := s.DB.View(c, func(tx *store.Tx) error {
		a, err := tx.AccountAliases.Get(c.Caller.Account)
		if err == nil {
			all = []string{a.Alias}
		}
		if granary.Is(err, granary.NotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.AccountAliases, out.IsTruncated, out.Marker, err = paginate(all, itself, in.Marker, in.MaxItems)
	return out, err
}

// getAccountSummary counts the resources of the account and lists the quotas that Granary enforces. It leaves out the
// quotas on the number of resources of a kind.
func (s account) getAccountSummary(c *awsapi.Call, _ *api.GetAccountSummaryInput) (*api.GetAccountSummaryOutput,
	error) {
	m := map[string]int64{
		"UserPolicySizeQuota": int64(maxInline["user"]), "GroupPolicySizeQuota": int64(maxInline["group"]),
		"RolePolicySizeQuota":       int64(maxInline["role"]),
		"AssumeRolePolicySizeQuota": maxTrust, "PolicySizeQuota": maxManaged, "VersionsPerPolicyQuota": maxVersions,
		"GroupsPerUserQuota":     maxGroups,
		"AccessKeysPerUserQuota": maxAccessKeys, "AttachedPoliciesPerUserQuota": maxAttachments,
		"AttachedPoliciesPerGroupQuota": maxAttachments,
		"AttachedPoliciesPerRoleQuota":  maxAttachments, "GlobalEndpointTokenVersion": 2, "AccountMFAEnabled": 0,
		"AccountPasswordPresent":            0,
		"AccountSigningCertificatesPresent": 0, "MFADevices": 0, "MFADevicesInUse": 0, "ServerCertificates": 0,
		"SigningCertificatesPerUserQuota": 0, "AccountAccessKeysPresent": 0,
	}
	a := c.Caller.Account
	return &api.GetAccountSummaryOutput{SummaryMap: m}, s.DB.View(c, func(tx *store.Tx) error {
		for name, count := range map[string]func(granary.AccountID) (int64, error){"Users": tx.IAMUsers.Count,
			"Groups": tx.IAMGroups.Count, "Roles": tx.Roles.Count,
			"InstanceProfiles": tx.InstanceProfiles.Count} {
			n, err := count(a)
			if err != nil {
				return err
			}
			m[name] = n
		}
		policies, _, err := tx.ManagedPolicies.List(a, "", "", 0)
		if err != nil {
			return err
		}
		m["Policies"] = int64(len(policies))
		for _, p := range policies {
			m["PolicyVersionsInUse"] += int64(len(p.Versions))
		}
		providers, err := tx.OIDCProviders.List(a)
		if err != nil {
			return err
		}
		m["Providers"] = int64(len(providers))
		keys, err := tx.AccessKeys.ListForUser(a, "")
		if len(keys) > 0 {
			m["AccountAccessKeysPresent"] = 1
		}
		return err
	})
}

// accountCreated is the time when an account was created; zero when the account does not exist.
func (s *service) accountCreated(a granary.AccountID) time.Time {
	if acc, ok := s.Index.Org.Account(a); ok {
		return acc.Created
	}
	return time.Time{}
}
