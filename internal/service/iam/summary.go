package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// getAccountSummary counts what there is, and tells the quotas that are kept; those on how many of a kind there may be are not.
func (s *service) getAccountSummary(c *awsapi.Call, _ *api.GetAccountSummaryInput) (*api.GetAccountSummaryOutput, error) {
	m := map[string]int64{
		"UserPolicySizeQuota": int64(maxInline["user"]), "GroupPolicySizeQuota": int64(maxInline["group"]), "RolePolicySizeQuota": int64(maxInline["role"]),
		"AssumeRolePolicySizeQuota": maxTrust, "PolicySizeQuota": maxManaged, "VersionsPerPolicyQuota": maxVersions, "GroupsPerUserQuota": maxGroups,
		"AccessKeysPerUserQuota": maxAccessKeys, "AttachedPoliciesPerUserQuota": maxAttachments, "AttachedPoliciesPerGroupQuota": maxAttachments,
		"AttachedPoliciesPerRoleQuota": maxAttachments, "GlobalEndpointTokenVersion": 2, "AccountMFAEnabled": 0, "AccountPasswordPresent": 0,
		"AccountSigningCertificatesPresent": 0, "MFADevices": 0, "MFADevicesInUse": 0, "ServerCertificates": 0, "SigningCertificatesPerUserQuota": 0, "AccountAccessKeysPresent": 0,
	}
	a := c.Caller.Account
	return &api.GetAccountSummaryOutput{SummaryMap: m}, s.DB.View(c, func(tx *store.Tx) error {
		for name, count := range map[string]func(granary.AccountID) (int64, error){"Users": tx.IAMUsers.Count, "Groups": tx.IAMGroups.Count, "Roles": tx.Roles.Count,
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
