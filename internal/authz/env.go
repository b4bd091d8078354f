package authz

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"granary"
	"granary/internal/authn"
	"granary/internal/index"
	"granary/internal/policy"
)

// Env is what the request's circumstances add to every condition context.
type Env struct {
	Time      time.Time
	Source    netip.Addr
	Secure    bool   // the client's connection is TLS
	TLS       string // "1.2", "1.3"; "" when it is not known
	UserAgent string
	Referer   string
	Region    string
	AuthType  string        // s3:authType
	Signature string        // s3:signatureversion
	Age       time.Duration // s3:signatureAge
	Payload   string        // x-amz-content-sha256 header as sent

	Work *policy.Work // what the request's decisions may cost together; nil: each has the usual limit of its own
}

// keys answers the policy engine's questions about the context, computing only what is asked.
type keys struct {
	caller  *authn.Caller
	env     *Env
	request *Request
	index   *index.Index
	service string // the service that acts, when it is one
}

// Lookup returns a context key's values (iam-policy §8). Names are lower case.
func (k *keys) Lookup(name string) ([]string, bool) {
	if v, ok := k.request.Keys[name]; ok {
		return v, true
	}
	if k.request.Lazy != nil {
		if v, ok := k.request.Lazy(name); ok {
			return v, true
		}
	}
	if tag, ok := strings.CutPrefix(name, "aws:principaltag/"); ok {
		return maybe(k.caller.Tag(tag))
	}
	switch prefix, _, _ := strings.Cut(name, ":"); prefix {
	case "aws":
		if v, ok := k.principal(name); ok {
			return v, true
		}
		return k.circumstances(name)
	case "s3":
		return k.s3(name)
	case "identitystore", "identitycenter":
		return k.directory(name)
	}
	return nil, false
}

func maybe(v string, ok bool) ([]string, bool) { return []string{v}, ok }

func present(v string) ([]string, bool) { return []string{v}, v != "" }

func (k *keys) principal(name string) ([]string, bool) {
	c := k.caller
	if c.Kind == policy.Service {
		return k.serviceKeys(name)
	}
	if c.Kind == policy.Anonymous {
		switch name {
		case "aws:principaltype":
			return []string{"Anonymous"}, true
		case "aws:userid", "aws:principalaccount":
			return []string{"anonymous"}, true
		}
		return nil, false
	}
	if name == "aws:federatedprovider" {
		return present(string(c.FederatedProvider()))
	}
	if c.Kind == policy.WebIdentity {
		return nil, false
	}
	switch name {
	case "aws:principalarn":
		return present(string(c.PrincipalARN()))
	case "aws:principalaccount":
		return present(string(c.Account))
	case "aws:principaltype":
		return []string{map[policy.CallerKind]string{policy.Root: "Account", policy.IAMUser: "User",
			policy.RoleSession:   "AssumedRole",
			policy.FederatedUser: "FederatedUser"}[c.Kind]}, true
	case "aws:userid":
		return present(c.ID)
	case "aws:username":
		if c.User != nil && c.Kind == policy.IAMUser {
			return []string{c.User.Name}, true
		}
	case "aws:principalisawsservice":
		return []string{"false"}, true
	case "aws:principalorgid":
		return k.organization(c.Account)
	case "aws:principalorgpaths":
		return k.path(c.Account)
	}
	if c.Session == nil {
		return nil, false
	}
	switch name {
	case "aws:tokenissuetime":
		return []string{c.Session.Issued.UTC().Format(time.RFC3339)}, true
	case "aws:multifactorauthpresent":
		return []string{"false"}, true
	case "aws:sourceidentity":
		return present(c.Session.SourceIdentity)
	}
	return nil, false
}

func (k *keys) circumstances(name string) ([]string, bool) {
	e := k.env
	switch name {
	case "aws:currenttime":
		return []string{e.Time.UTC().Format(time.RFC3339)}, true
	case "aws:epochtime":
		return []string{strconv.FormatInt(e.Time.Unix(), 10)}, true
	case "aws:securetransport":
		return []string{strconv.FormatBool(e.Secure)}, true
	case "aws:sourceip":
		if e.Source.IsValid() {
			return []string{e.Source.Unmap().String()}, true
		}
	case "aws:useragent":
		return present(e.UserAgent)
	case "aws:referer":
		return present(e.Referer)
	case "aws:requestedregion":
		return present(e.Region)
	case "aws:viaawsservice":
		return []string{"false"}, true
	case "aws:resourceaccount":
		return present(string(k.request.Owner))
	case "aws:resourceorgid":
		return k.organization(k.request.Owner)
	case "aws:resourceorgpaths":
		return k.path(k.request.Owner)
	}
	return nil, false
}

// serviceKeys are those of a service that acts on its own, and of the resource it acts for.
func (k *keys) serviceKeys(name string) ([]string, bool) {
	switch name {
	case "aws:principalisawsservice":
		return []string{"true"}, true
	case "aws:principalservicename":
		return present(k.service)
	case "aws:sourceorgid", "aws:sourceorgpaths":
		source, ok := k.request.Keys["aws:sourceaccount"]
		if !ok || len(source) != 1 {
			return nil, false
		}
		if name == "aws:sourceorgid" {
			return k.organization(granary.AccountID(source[0]))
		}
		return k.path(granary.AccountID(source[0]))
	}
	return nil, false
}

// organization is the id of the organization that an account is in.
func (k *keys) organization(a granary.AccountID) ([]string, bool) {
	if k.index.Org.Controls(a) == nil {
		return nil, false
	}
	return []string{k.index.Org.Organization().ID}, true
}

// path is where in its organization an account stands.
func (k *keys) path(a granary.AccountID) ([]string, bool) {
	c := k.index.Org.Controls(a)
	if c == nil {
		return nil, false
	}
	return []string{c.Path}, true
}

// vendedActions are the data actions that s3:AccessGrantsInstanceArn is filled on (s3-gateway §5).
var vendedActions = map[string]bool{
	"s3:AbortMultipartUpload": true, "s3:DeleteObject": true, "s3:DeleteObjectVersion": true, "s3:GetObject": true,
	"s3:GetObjectVersion": true, "s3:GetObjectAcl": true, "s3:GetObjectVersionAcl": true, "s3:ListBucket": true,
	"s3:ListBucketVersions": true, "s3:ListBucketMultipartUploads": true, "s3:ListMultipartUploadParts": true,
	"s3:PutObject": true, "s3:PutObjectAcl": true, "s3:PutObjectVersionAcl": true,
}

func (k *keys) s3(name string) ([]string, bool) {
	e := k.env
	switch name {
	case "s3:authtype":
		return present(e.AuthType)
	case "s3:signatureversion":
		return present(e.Signature)
	case "s3:signatureage":
		if e.AuthType != "" {
			return []string{strconv.FormatInt(e.Age.Milliseconds(), 10)}, true
		}
	case "s3:tlsversion":
		return present(e.TLS)
	case "s3:x-amz-content-sha256":
		return present(e.Payload)
	case "s3:resourceaccount":
		return present(string(k.request.Owner))
	case "s3:accessgrantsinstancearn":
		if s := k.caller.Scope(); s != nil && vendedActions[k.request.Action] {
			return []string{string(s.Instance())}, true
		}
	}
	return nil, false
}

// directory fills the identity-store keys, from the verified context only (sts.md §4.2).
func (k *keys) directory(name string) ([]string, bool) {
	id := k.caller.Context()
	if id == nil {
		return nil, false
	}
	switch name {
	case "identitystore:userid":
		return present(string(id.User))
	case "identitystore:identitystorearn":
		return present(string(id.StoreARN))
	case "identitycenter:applicationarn":
		return present(string(id.Application))
	case "identitycenter:instancearn":
		return present(string(id.Instance))
	case "identitycenter:credentialid":
		return present(id.CredentialID)
	}
	return nil, false
}
