package policy

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"slices"
	"strings"

	"granary"
)

// ManagedPolicy is an AWS-managed policy: one that AWS provides to every account.
type ManagedPolicy struct {
	ARN                     granary.ARN
	Name, Path, ID, Version string
	Description             string
	Document                string
	Policy                  *Policy
}

// newShippedPolicy compiles an AWS-managed policy. AWS does not publish its policies' ids; this one is derived from the
// name.
func newShippedPolicy(name, version, description, statement string) *ManagedPolicy {
	m := &ManagedPolicy{ARN: granary.ARN("arn:aws:iam::aws:policy/" + name), Name: name, Path: "/", Version: version,
		Description: description,
		Document:    `{"Version":"2012-10-17","Statement":[` + statement + `]}`}
	sum := sha256.Sum256([]byte(name))
	m.ID = "ANPA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
	p, err := Parse(Identity, m.Document)
	if err != nil {
		panic(err) // a constant of this program
	}
	m.Policy = p.Named(string(m.ARN))
	return m
}

// managedPolicies holds the AWS-managed policies that concern the services that Granary answers for (AWS Managed Policy
// Reference Guide).
var managedPolicies = indexByARN(
	newShippedPolicy("AdministratorAccess", "v1", "Full access to every service and resource.",
		`{"Effect":"Allow","Action":"*","Resource":"*"}`),
	newShippedPolicy("AmazonS3FullAccess", "v2", "Full access to every bucket.",
		`{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}`),
	newShippedPolicy("AmazonS3ReadOnlyAccess", "v3", "Read access to every bucket.",
		`{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],`+
			`"Resource":"*"}`),
	newShippedPolicy("IAMFullAccess", "v2", "Full access to IAM.",
		`{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization",`+
			`"organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren",`+
			`"organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots",`+
			`"organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}`),
	newShippedPolicy("IAMReadOnlyAccess", "v4", "Read access to IAM.",
		`{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:Get*",`+
			`"iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}`),
	newShippedPolicy("PowerUserAccess", "v12", "Everything except the management of users and accounts.",
		`{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},{"Effect":"Allow",`+
			`"Action":["iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles",`+
			`"organizations:DescribeOrganization"],"Resource":"*"}`),
	newShippedPolicy("ReadOnlyAccess", "v150", "Read access to every service; of AWS's own, what concerns the services "+
		"that answer here.",
		`{"Effect":"Allow","Action":["cloudtrail:Describe*","cloudtrail:Get*","cloudtrail:List*","cloudtrail:LookupEvents",`+
			`"iam:Generate*","iam:Get*","iam:List*","iam:Simulate*","identitystore:Describe*","identitystore:Get*",`+
			`"identitystore:IsMemberInGroups","identitystore:List*","organizations:Describe*","organizations:List*",`+
			`"s3:DescribeJob","s3:Get*","s3:List*","sso:Describe*","sso:Get*","sso:List*","sts:GetAccessKeyInfo",`+
			`"sts:GetCallerIdentity","sts:GetSessionToken"],"Resource":"*"}`),
	newShippedPolicy("AWSDenyAll", "v2", "Denies everything.",
		`{"Sid":"DenyAll","Effect":"Deny","Action":["*"],"Resource":"*"}`),
)

func indexByARN(list ...*ManagedPolicy) map[granary.ARN]*ManagedPolicy {
	m := map[granary.ARN]*ManagedPolicy{}
	for _, p := range list {
		m[p.ARN] = p
	}
	return m
}

// Managed returns the AWS-managed policy with an ARN; ok is false when there is none.
func Managed(arn granary.ARN) (*ManagedPolicy, bool) {
	m, ok := managedPolicies[arn]
	return m, ok
}

// AllManaged returns the AWS-managed policies sorted by ARN.
func AllManaged() []*ManagedPolicy {
	out := make([]*ManagedPolicy, 0, len(managedPolicies))
	for _, m := range managedPolicies {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *ManagedPolicy) int { return strings.Compare(string(a.ARN), string(b.ARN)) })
	return out
}

// FullAccess returns AWS's own organization policies, which allow everything, by their ids.
func FullAccess() map[string]*Policy {
	out := map[string]*Policy{}
	for id, kind := range map[string]Kind{granary.FullAccess: SCP, granary.FullResourceAccess: RCP} {
		p, err := Parse(kind, FullAccessDocument(id))
		if err != nil {
			panic(err) // a constant of this program
		}
		out[id] = p.Named(id)
	}
	return out
}

// FullAccessDocument returns the text of the policy that FullAccess has under an id.
func FullAccessDocument(id string) string {
	principal := ""
	if id == granary.FullResourceAccess {
		principal = `"Principal":"*",`
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + principal + `"Action":"*","Resource":"*"}]}`
}

// IdentityContextPolicy returns the policy that AWS attaches to every session made with an identity context
// (AWSIAMIdentityCenterAllowListForIdentityContext). Of S3 it leaves only the actions that lead to vended credentials,
// and none on data. Its Allow statement allows everything, so that as a session policy it only denies. more lists
// further actions or action patterns to leave; the error for one that is no action is Invalid.
func IdentityContextPolicy(more ...string) (*Policy, error) {
	list, err := json.Marshal(append([]string{"s3:GetDataAccess", "s3:GetAccessGrantsInstanceForPrefix",
		"s3:ListCallerAccessGrants", "sts:SetContext", "sts:GetCallerIdentity"}, more...))
	if err != nil {
		return nil, err
	}
	p, err := Parse(Session, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},`+
		`{"Effect":"Deny","NotAction":`+string(list)+`,"Resource":"*"}]}`)
	if err != nil {
		return nil, err
	}
	return p.Named(IdentityContextName), nil
}

// IdentityContextName is the name of IdentityContextPolicy in reasons.
const IdentityContextName = "AWSIAMIdentityCenterAllowListForIdentityContext"
