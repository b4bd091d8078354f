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
)

// globalServices are signed for us-east-1 by their clients whatever the deployment's Region.
var globalServices = []string{"iam", "sts", "organizations"}

// rules are what a service accepts in a signature.
// also are services whose signature is good enough to be told that they are not here.
func (d *Door) rules(s *Service, also ...string) sigv4.Rules {
	r := d.ownRules(s)
	if len(also) > 0 && also[0] != "" && !slices.Contains(r.Services, also[0]) {
		r.Services = append(slices.Clone(r.Services), also...)
		if r.Regions != nil {
			r.Regions = append(r.Regions, "us-east-1")
		}
	}
	return r
}

func (d *Door) ownRules(s *Service) sigv4.Rules {
	if s.AnyRegion {
		return sigv4.Rules{Services: s.Wire.SigningNames}
	}
	regions := []string{d.Region}
	for _, n := range s.Wire.SigningNames {
		if slices.Contains(globalServices, n) {
			regions = append(regions, "us-east-1")
		}
	}
	return sigv4.Rules{S3: s.S3, Services: s.Wire.SigningNames, Regions: regions}
}

// proof is what the head of a request says of its sender.
type proof struct {
	auth  *sigv4.Auth
	err   error        // why the signature is none for this service; auth may be one for another
	claim *authn.Claim // whose access key is named; nil when there is no signature
}

// anyService is the access of a request that is for no operation: any good signature will do.
const anyService Access = 255

// verify finds out who calls. Unsigned rows take what the request says to be anonymous.
func (d *Door) verify(c *Call, in Inbound, body []byte, access Access) error {
	p := c.proof
	switch {
	case access == Unsigned:
		c.Caller = authn.Anonymous()
		return nil
	case p.err != nil && (access != anyService || p.claim == nil):
		return p.err
	case p.claim == nil:
		return errUnsigned
	}
	auth := p.auth
	sum := sha256.Sum256(body)
	caller, _, err := d.Authn.Prove(auth, p.claim, hex.EncodeToString(sum[:]))
	if caller == nil {
		return err
	}
	// also when the session is dead: it is recorded whose it was
	c.Caller, c.Account, c.Region = caller, caller.Account, auth.Region
	if slices.Contains(globalServices, auth.Service) {
		c.Region = d.Region
	}
	c.Env = EnvOf(in, c.Region, auth)
	return err
}

// EnvOf gathers a request's circumstances for policy conditions.
func EnvOf(in Inbound, region string, auth *sigv4.Auth) authz.Env {
	e := authz.Env{Time: in.Started, Region: region, Source: in.Source, Secure: in.Secure, TLS: in.TLSVersion,
		UserAgent: in.Sig.Header.Get("User-Agent"), Referer: in.Sig.Header.Get("Referer"), Work: new(policy.Work)}
	if auth != nil && auth.Mode != sigv4.Anonymous {
		e.AuthType, e.Signature = auth.AuthType(), "AWS4-HMAC-SHA256"
		e.Age = in.Started.Sub(auth.Time)
		if auth.Mode == sigv4.Header {
			e.Payload = auth.PayloadHash // the payload line of the signature; of a presigned URL it says nothing
		}
	}
	return e
}

// address finds the account an s3control request is for: the header, else the first label of the host's name, which
// must agree whatever name the server is reached by.
func (d *Door) address(c *Call, r *http.Request, s *Service) error {
	if !s.S3 {
		return nil
	}
	first, _, _ := strings.Cut(hostname(r.Host), ".")
	header, label := granary.AccountID(r.Header.Get("X-Amz-Account-Id")), granary.AccountID(first)
	if !label.Valid() {
		label = ""
	}
	switch {
	case header == "" && label == "":
		return granary.Errorf(granary.Invalid, "The request names no account: send x-amz-account-id.").
			WithCode("InvalidRequest")
	case header == "":
		header = label
		r.Header.Set("X-Amz-Account-Id", string(label)) // where the input's shape has it
	case !header.Valid():
		return granary.Errorf(granary.Invalid, "x-amz-account-id must be exactly 12 digits, and is %q.",
			header).WithCode("InvalidRequest")
	case label != "" && label != header:
		return granary.Errorf(granary.Invalid, "The host names account %s and x-amz-account-id names %s.", label,
			header).WithCode("InvalidRequest")
	}
	c.Account = header
	return nil
}

// checksums verifies whatever checksum of the body a client sent (access-grants §1.2); none is required. One of an
// algorithm that is not here is refused: what is declared is never passed over.
func checksums(h http.Header, body []byte) error {
	for name, values := range h {
		algorithm, ok := strings.CutPrefix(strings.ToUpper(name), "X-AMZ-CHECKSUM-")
		if algorithm == "MODE" || algorithm == "ALGORITHM" || algorithm == "TYPE" || !ok && name != "Content-Md5" {
			continue
		}
		if !ok {
			algorithm = "MD5"
		}
		hash, known := sigv4.NewHash(algorithm)
		if !known {
			return granary.Errorf(granary.NotImplemented, "A header you provided implies functionality that is not "+
				"implemented: %s", strings.ToLower(name)).
				WithCode("NotImplemented").With("Header", strings.ToLower(name))
		}
		hash.Write(body)
		if len(values) != 1 || base64.StdEncoding.EncodeToString(hash.Sum(nil)) != values[0] {
			return granary.Errorf(granary.Invalid, "The %s you specified did not match the calculated checksum.", algorithm).
				WithCode("BadDigest")
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

// recordable reports whether a call is to be audited. Whoever proved nothing has no caller to record, and must not be
// able to fill the log: an unsigned call is recorded when its operation accepted the proof that it brings.
func recordable(c *Call, err error) bool {
	return c.Caller != nil && (c.Caller.Kind != policy.Anonymous || err == nil)
}
