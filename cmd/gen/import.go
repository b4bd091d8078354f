package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// sources are the published models that we answer, with the operations as a pattern; an empty one means all.
var sources = []struct{ name, dir, only string }{
	{"s3control", "s3control/2018-08-20", `AccessGrant|^GetDataAccess$|^(Tag|Untag)Resource$|^ListTagsForResource$`},
	{"ssoadmin", "sso-admin/2020-07-20", ``},
	{"identitystore", "identitystore/2020-06-15", ``},
	{"ssooidc", "sso-oidc/2019-06-10", ``},
	{"sts", "sts/2011-06-15", ``},
	{"iam", "iam/2010-05-08",
		`^(Create|Get|Update|Delete|List|Tag|Untag)(User|Role|Group|Policy|PolicyVersion|AccessKey|` +
			`InstanceProfile)(s|Tags)?$|` +
			`^ListPolicies$|(User|Role|Group)Polic|PermissionsBoundary|PolicyVersion|AccessKeyLastUsed|` +
			`AssumeRolePolicy|UpdateRoleDescription|` +
			`^ListEntitiesForPolicy$|^ListPolicyTags$|Simulate|GetContextKeys|UserToGroup|UserFromGroup|GroupsForUser|` +
			`AccountAlias|AccountSummary|` +
			`AccountAuthorizationDetails|InstanceProfile|^List(MFADevices|VirtualMFADevices|SigningCertificates|` +
			`SSHPublicKeys|ServiceSpecificCredentials)$|` +
			`LoginProfile$|OpenIDConnectProvider`},
	{"organizations", "organizations/2016-11-28",
		`^(Create|Describe)(Organization|Account|CreateAccountStatus)$|OrganizationalUnit$|^(Tag|Untag)Resource$|` +
			`^ListTagsForResource$|` +
			`^(Delete|Leave|InviteAccountTo|RemoveAccountFrom)Organization$|Handshake$|^ListHandshakes|` +
			`^EnableAllFeatures$|^ListCreateAccountStatus$|^ListDelegatedServicesForAccount$|` +
			`^List(Roots|Accounts|AccountsForParent|Children|Parents|OrganizationalUnitsForParent|` +
			`DelegatedAdministrators|AWSServiceAccessForOrganization)$|` +
			`^MoveAccount$|^CloseAccount$|DelegatedAdministrator$|AWSServiceAccess$|Policy$|^ListPolicies|` +
			`^ListTargetsForPolicy$|PolicyType$`},
	{"cloudtrail", "cloudtrail/2013-11-01", `^LookupEvents$`},
}

// secret are the shapes of secrets that the published models do not mark as sensitive. They stay out of logs.
var secret = map[string][]string{"sts": {"contextAssertionType"}, "ssooidc": {"AuthCode", "DeviceCode"}}

// amended are patterns that are narrower than what AWS itself writes and accepts: the guide's application id has 15
// characters, and the ARN of a bucket, whose tags Terraform asks for, has no Region.
var amended = map[string][2]string{"ssoadmin": {"/apl-[a-zA-Z0-9]{16}", "/apl-[a-zA-Z0-9]{15,16}"},
	"s3control": {"arn:[^:]+:s3(express)?:[^:].*", "arn:[^:]+:s3(express)?:.*"}}

// newer are shapes, and members of shapes, that SDKs have and the published model of the last import lacks.
var newer = map[string]string{"iam": `{
	"SimulateCustomPolicyRequest": {"members": {
		"OrderedOrganizationPolicyInputList": {"shape": "OrganizationPolicyListType"}}},
	"OrganizationPolicyListType": {"type": "list", "member": {"shape": "OrderedOrganizationPolicyType"}},
	"OrderedOrganizationPolicyType": {"type": "structure", "members": {
		"ServiceControlPolicyInputList": {"shape": "SimulationPolicyListType"}}}
}`}

// merge adds shapes, given as JSON, to the model. Of a shape that the model has, it adds the members.
func (m *Model) merge(text string) error {
	var shapes map[string]*Shape
	if err := json.Unmarshal([]byte(text), &shapes); err != nil {
		return err
	}
	for name, s := range shapes {
		if have := m.Shapes[name]; have != nil {
			maps.Copy(have.Members, s.Members)
			continue
		}
		m.Shapes[name] = s
	}
	return nil
}

// admitted are values that an enumeration has here in addition to AWS's own.
var admitted = map[string]map[string][]string{"cloudtrail": {"EventCategory": {"data"}}}

// importAll reads the published models from botocore's data directory and writes a compact model for each.
func importAll(from, to string) error {
	for _, s := range sources {
		text, err := readPublished(filepath.Join(from, s.dir, "service-2.json"))
		if err != nil {
			return err
		}
		var raw struct {
			Model
			Metadata struct {
				Metadata
				EndpointPrefix string          `json:"endpointPrefix"`
				XMLNS          json.RawMessage `json:"xmlNamespace"`
			}
		}
		if err := json.Unmarshal(text, &raw); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		m := &raw.Model
		m.Metadata = raw.Metadata.Metadata
		_ = json.Unmarshal(raw.Metadata.XMLNS, &m.Metadata.XMLNamespace) // fails where it is an object: none
		if m.Metadata.SigningName == "" {
			m.Metadata.SigningName = raw.Metadata.EndpointPrefix
		}
		if text, ok := newer[s.name]; ok {
			if err := m.merge(text); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		m.prune(regexp.MustCompile(s.only))
		for _, name := range secret[s.name] {
			m.Shapes[name].Sensitive = true
		}
		for name, values := range admitted[s.name] {
			m.Shapes[name].Enum = append(m.Shapes[name].Enum, values...)
		}
		if a, ok := amended[s.name]; ok {
			for _, shape := range m.Shapes {
				shape.Pattern = strings.ReplaceAll(shape.Pattern, a[0], a[1])
			}
		}
		if err := m.write(filepath.Join(to, s.name+".json")); err != nil {
			return err
		}
	}
	return nil
}

// readPublished reads a published model, which some distributions compress with gzip.
func readPublished(path string) ([]byte, error) {
	f, err := os.Open(path + ".gz")
	if err != nil {
		return os.ReadFile(path)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// prune drops the operations whose name does not match, and the shapes that no other operation reaches.
func (m *Model) prune(only *regexp.Regexp) {
	reached := map[string]bool{}
	var visit func(r *Ref)
	visit = func(r *Ref) {
		if r == nil || reached[r.Shape] {
			return
		}
		reached[r.Shape] = true
		s := m.Shapes[r.Shape]
		visit(s.Member)
		visit(s.Key)
		visit(s.Value)
		for _, member := range s.Members {
			visit(member)
		}
		slices.Sort(s.Required)
	}
	for name, op := range m.Operations {
		if !only.MatchString(name) {
			delete(m.Operations, name)
			continue
		}
		visit(op.Input)
		visit(op.Output)
		for i := range op.Errors {
			visit(&op.Errors[i])
		}
	}
	for name := range m.Shapes {
		if !reached[name] {
			delete(m.Shapes, name)
		}
	}
}
