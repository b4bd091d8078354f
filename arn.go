package granary

import "strings"

// ARN is an Amazon Resource Name, arn:partition:service:region:account:resource.
type ARN string

// ARNParts are the parts of an ARN. Resource is everything after the fifth colon.
type ARNParts struct {
	Partition, Service, Region string
	Account                    AccountID
	Resource                   string
}

// Parts splits the ARN at its first five colons; ok is false when there are fewer or the first part is not "arn".
func (a ARN) Parts() (p ARNParts, ok bool) {
	s := strings.SplitN(string(a), ":", 6)
	if len(s) != 6 || s[0] != "arn" {
		return p, false
	}
	return ARNParts{s[1], s[2], s[3], AccountID(s[4]), s[5]}, true
}

// ARN joins the parts.
func (p ARNParts) ARN() ARN {
	return ARN(strings.Join([]string{"arn", p.Partition, p.Service, p.Region, string(p.Account), p.Resource}, ":"))
}

// RootARN returns the ARN of the account's root user.
func RootARN(a AccountID) ARN { return ARN("arn:aws:iam::" + string(a) + ":root") }

// IAMUserARN returns the ARN of an IAM user; path begins and ends with a slash.
func IAMUserARN(a AccountID, path, name string) ARN {
	return ARN("arn:aws:iam::" + string(a) + ":user" + path + name)
}

// IAMGroupARN returns the ARN of an IAM group; path begins and ends with a slash.
func IAMGroupARN(a AccountID, path, name string) ARN {
	return ARN("arn:aws:iam::" + string(a) + ":group" + path + name)
}

// InstanceProfileARN returns the ARN of an instance profile; path begins and ends with a slash.
func InstanceProfileARN(a AccountID, path, name string) ARN {
	return ARN("arn:aws:iam::" + string(a) + ":instance-profile" + path + name)
}

// RoleARN returns the ARN of a role; path begins and ends with a slash.
func RoleARN(a AccountID, path, name string) ARN {
	return ARN("arn:aws:iam::" + string(a) + ":role" + path + name)
}

// PolicyARN returns the ARN of a customer-managed policy; path begins and ends with a slash.
func PolicyARN(a AccountID, path, name string) ARN {
	return ARN("arn:aws:iam::" + string(a) + ":policy" + path + name)
}

// SessionARN returns the ARN of a role's session, which carries no path.
func SessionARN(a AccountID, role, session string) ARN {
	return ARN("arn:aws:sts::" + string(a) + ":assumed-role/" + role + "/" + session)
}

// FederatedUserARN returns the ARN of a user of GetFederationToken.
func FederatedUserARN(a AccountID, name string) ARN {
	return ARN("arn:aws:sts::" + string(a) + ":federated-user/" + name)
}

// GrantsInstanceARN returns the ARN of an account's S3 Access Grants instance in a Region.
func GrantsInstanceARN(region string, a AccountID) ARN {
	return ARN("arn:aws:s3:" + region + ":" + string(a) + ":access-grants/default")
}

// LocationARN returns the ARN of a registered location of an Access Grants instance.
func LocationARN(region string, a AccountID, id LocationID) ARN {
	return GrantsInstanceARN(region, a) + ARN("/location/"+string(id))
}

// GrantARN returns the ARN of an access grant.
func GrantARN(region string, a AccountID, id GrantID) ARN {
	return GrantsInstanceARN(region, a) + ARN("/grant/"+string(id))
}

// IdentityCenterARN returns the ARN of an Identity Center instance; its account field is empty by AWS's grammar.
func IdentityCenterARN(id string) ARN { return ARN("arn:aws:sso:::instance/" + id) }

// IdentityStoreARN returns the ARN of the identity store of an Identity Center instance.
func IdentityStoreARN(a AccountID, id StoreID) ARN {
	return ARN("arn:aws:identitystore::" + string(a) + ":identitystore/" + string(id))
}

// ApplicationARN returns the ARN of an Identity Center application: instance is "ssoins-…", id is "apl-…".
func ApplicationARN(a AccountID, instance, id string) ARN {
	return ARN("arn:aws:sso::" + string(a) + ":application/" + instance + "/" + id)
}

// IssuerARN returns the ARN of a trusted token issuer: instance is "ssoins-…", id is "tti-…".
func IssuerARN(a AccountID, instance, id string) ARN {
	return ARN("arn:aws:sso::" + string(a) + ":trustedTokenIssuer/" + instance + "/" + id)
}

// BucketARN returns the ARN of a bucket.
func BucketARN(bucket string) ARN { return ARN("arn:aws:s3:::" + bucket) }

// ObjectARN returns the ARN of an object, its key as it is, not escaped.
func ObjectARN(bucket, key string) ARN { return ARN("arn:aws:s3:::" + bucket + "/" + key) }

// ContextProviderARN names Identity Center as the provider of an AssumeRole context.
const ContextProviderARN ARN = "arn:aws:iam::aws:contextProvider/IdentityCenter"

// CollapseSSO mends the doubled "ssoins-ssoins-" that AWS's guide page prints in instance and application ARNs.
func CollapseSSO(arn string) string {
	return strings.Replace(arn, "ssoins-ssoins-", "ssoins-", 1)
}
