package awsapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"granary"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/policy"
	"granary/internal/sigv4"
	"granary/internal/wire"
)

// globalServices are signed for us-east-1 by their clients whatever the deployment's Region.
var globalServices = []string{"iam", "sts", "organizations"}

// Rules are what a service accepts in a signature.
func (d *Door) rules(s *Service) sigv4.Rules {
	if s.AnyRegion {
		return sigv4.Rules{Services: s.Wire.SigningNames}
	}
	regions := []string{d.Region}
	for _, n := range s.Wire.SigningNames {
		if slices.Contains(globalServices, n) {
			regions = append(regions, "us-east-1")
		}
	}
	return sigv4.Rules{S3: s.Wire.Protocol == wire.RestXML, Services: s.Wire.SigningNames, Regions: regions}
}

// verify finds out who calls. Unsigned rows take what the request says to be anonymous. also are services whose signature is
// good enough to be told that they are not here.
func (d *Door) verify(c *Call, s *Service, in Inbound, body []byte, unsigned bool, also ...string) (*sigv4.Auth, error) {
	c.Env = EnvOf(in, d.Region, nil)
	c.Env.Time = c.Now
	if err := d.Authn.Index.Fresh(); err != nil {
		return nil, err
	}
	if unsigned {
		c.Caller = authn.Anonymous()
		return nil, nil
	}
	rules := d.rules(s)
	if len(also) > 0 {
		rules.Services, rules.Regions = append(slices.Clone(rules.Services), also...), append(rules.Regions, "us-east-1")
	}
	auth, err := sigv4.Parse(in.Sig, rules)
	if err != nil {
		return nil, err
	}
	if auth.Mode == sigv4.Anonymous {
		return nil, sigv4.NewError(sigv4.MissingToken, "The request is not signed: an access key is required.")
	}
	sum := sha256.Sum256(body)
	caller, _, err := d.Authn.Authenticate(auth, hex.EncodeToString(sum[:]))
	if caller == nil {
		return nil, err
	}
	c.Caller, c.Account, c.Region = caller, caller.Account, auth.Region // also when the session is dead: it is recorded whose it was
	if slices.Contains(globalServices, auth.Service) {
		c.Region = d.Region
	}
	c.Env = EnvOf(in, c.Region, auth)
	c.Env.Time = c.Now
	return auth, err
}

// EnvOf gathers a request's circumstances for policy conditions.
func EnvOf(in Inbound, region string, auth *sigv4.Auth) authz.Env {
	e := authz.Env{Time: in.Started, Region: region, Source: in.Sig.Source, TLS: in.Sig.TLS,
		UserAgent: in.Sig.Header.Get("User-Agent"), Referer: in.Sig.Header.Get("Referer"),
		Payload: in.Sig.Header.Get("X-Amz-Content-Sha256")}
	if auth != nil && auth.Mode != sigv4.Anonymous {
		e.AuthType, e.Signature = auth.AuthType(), "AWS4-HMAC-SHA256"
		e.Age = in.Started.Sub(auth.Time)
	}
	return e
}

// address finds the account an s3control request is for: the header, else the first label of the host's name, which must
// agree whatever name the server is reached by.
func (d *Door) address(c *Call, r *http.Request, s *Service) error {
	if s.Wire.Protocol != wire.RestXML {
		return nil
	}
	first, _, _ := strings.Cut(hostname(r.Host), ".")
	header, label := granary.AccountID(r.Header.Get("X-Amz-Account-Id")), granary.AccountID(first)
	if !label.Valid() {
		label = ""
	}
	switch {
	case header == "" && label == "":
		return granary.Errorf(granary.Invalid, "The request names no account: send x-amz-account-id.").WithCode("InvalidRequest")
	case header == "":
		header = label
		r.Header.Set("X-Amz-Account-Id", string(label)) // where the input's shape has it
	case !header.Valid():
		return granary.Errorf(granary.Invalid, "x-amz-account-id must be exactly 12 digits, and is %q.", header).WithCode("InvalidRequest")
	case label != "" && label != header:
		return granary.Errorf(granary.Invalid, "The host names account %s and x-amz-account-id names %s.", label, header).WithCode("InvalidRequest")
	}
	c.Account = header
	return nil
}

// checksums verifies whatever checksum of the body a client sent (access-grants §1.2); none is required.
func checksums(h http.Header, body []byte) error {
	check := func(algorithm, value string) error {
		hash, ok := sigv4.NewHash(algorithm)
		if !ok || value == "" {
			return nil
		}
		hash.Write(body)
		if base64.StdEncoding.EncodeToString(hash.Sum(nil)) != value {
			return granary.Errorf(granary.Invalid, "The %s you specified did not match the calculated checksum.", algorithm).WithCode("BadDigest")
		}
		return nil
	}
	if err := check("MD5", h.Get("Content-Md5")); err != nil {
		return err
	}
	for _, a := range []string{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		if err := check(a, h.Get("X-Amz-Checksum-"+a)); err != nil {
			return err
		}
	}
	return nil
}

// readOnly tells from an operation's name whether it changes anything, as CloudTrail does.
func readOnly(name string) bool {
	for _, p := range []string{"Get", "List", "Describe", "Head", "Lookup", "Simulate", "IsMember", "Decode"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// recordable reports whether a call is to be audited: one whose signature never verified has no caller to record, and
// must not be able to fill the log.
func recordable(c *Call) bool {
	return c.Caller != nil && (c.Caller.Kind != policy.Anonymous || c.Event.RequestParameters != nil)
}
