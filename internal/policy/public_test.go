package policy

import (
	"fmt"
	"strings"
	"testing"
)

// TestConditionsThatAnonymousCallersMeet checks that a condition which an anonymous caller can meet does not make a
// policy less public.
func TestConditionsThatAnonymousCallersMeet(t *testing.T) {
	all256 := make([]string, 256)
	for i := range all256 {
		all256[i] = fmt.Sprintf(`"%d.0.0.0/8"`, i)
	}
	everywhere := `"IpAddress":{"aws:SourceIp":[` + strings.Join(all256, ",") + `]}`
	for condition, public := range map[string]bool{
		`"StringEquals":{"aws:userid":"anonymous"}`:                                           true,
		`"StringLike":{"aws:userid":"a*"}`:                                                    true,
		`"StringLike":{"aws:userid":"AROA*"}`:                                                 true,
		`"StringLike":{"aws:userid":["AROAEXAMPLE:*","anonymous"]}`:                           true,
		`"StringLike":{"aws:userid":["AROAEXAMPLE:*","AIDAEXAMPLE"]}`:                         false,
		`"StringEqualsIgnoreCase":{"aws:userid":"ANONYMOUS"}`:                                 true,
		`"StringLike":{"aws:userid":"111111111111:*"}`:                                        false,
		`"StringEquals":{"aws:PrincipalAccount":"anonymous"}`:                                 true,
		`"StringEquals":{"aws:PrincipalAccount":["111111111111","anonymous"]}`:                true,
		`"StringEquals":{"aws:PrincipalAccount":["111111111111","222222222222"]}`:             false,
		`"StringLike":{"aws:PrincipalAccount":"1111*"}`:                                       true,
		`"StringEquals":{"aws:PrincipalType":"Anonymous"}`:                                    true,
		`"StringEquals":{"aws:UserAgent":"secret"}`:                                           true,
		`"StringEquals":{"aws:Referer":"https://example.com"}`:                                true,
		`"StringEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"k"}`:               true,
		`"StringEquals":{"s3:ExistingObjectTag/public":"no"}`:                                 true,
		`"Bool":{"aws:SecureTransport":"true"}`:                                               true,
		`"Null":{"aws:PrincipalArn":"false"}`:                                                 true,
		`"StringLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:*"}`:                     true,
		`"ForAllValues:StringEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:user/x"}`: true,
		`"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-abcdefghij/r-abcd/*"}`:          false,
		`"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-abc*"}`:                         true,
		everywhere: true,
		`"IpAddress":{"aws:SourceIp":["11.0.0.0/8","12.0.0.0/8"]}`:                              true,
		`"IpAddress":{"aws:SourceIp":["11.0.0.0/9","11.128.0.0/9","11.1.0.0/16","10.0.0.0/8"]}`: false,
		`"IpAddress":{"aws:SourceIp":["10.0.0.0/8","172.16.0.0/12","192.168.0.0/16"]}`:          false,
		`"IpAddress":{"aws:SourceIp":["2001:db8::/32","2001:db9::/32"]}`:                        true,
		`"IpAddress":{"aws:SourceIp":["2001:db8::/33","2001:db9::/33"]}`:                        false,
		`"IpAddress":{"aws:SourceIp":["::ffff:0.0.0.0/96"]}`:                                    true,
		`"IpAddress":{"aws:SourceIp":"::/0"}`:                                                   true,
		`"StringLike":{"aws:SourceIp":"203.0.113.*"}`:                                           true,
		`"ArnLike":{"aws:SourceIp":"*:*:*:*:*:*"}`:                                              true,
		`"IpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}`:                                 true,
		`"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`:                                      true,
		everywhere + `,"StringEquals":{"aws:SourceIp":"203.0.113.9"}`:                           false,
		everywhere + `,"StringEquals":{"aws:SourceVpce":"vpce-1"}`:                              false,
	} {
		p := mustParse(t, Bucket, stmt("Allow", "s3:GetObject", "*", who(`"*"`)+cond(condition)))
		if p.Public() != public {
			t.Errorf("%.200s: public is %v", condition, p.Public())
		}
	}
}

// TestPublicSumsNetworks checks that the networks of all statements count together.
func TestPublicSumsNetworks(t *testing.T) {
	var list []string
	for i := 1; i <= 40; i++ {
		list = append(list,
			stmt("Allow", "s3:GetObject", "*", who(`"*"`)+cond(fmt.Sprintf(`"IpAddress":{"aws:SourceIp":"%d.0.0.0/9"}`, i+10))))
	}
	if p := mustParse(t, Bucket, strings.Join(list[:2], ",")); p.Public() {
		t.Error("two halves of a /8 are public")
	}
	if p := mustParse(t, Bucket, strings.Join(list, ",")); !p.Public() {
		t.Error("forty of them are not")
	}
	one := stmt("Allow", "s3:GetObject", "*", who(`"*"`)+cond(`"IpAddress":{"aws:SourceIp":"12.0.0.0/8"}`))
	if p := mustParse(t, Bucket, one+","+one); p.Public() {
		t.Error("the same network twice is public")
	}
}

// TestBlockPublicAccess checks that where public access is blocked no anonymous caller is allowed by any policy, and
// that named callers of other accounts are allowed only by policies that are not public.
func TestBlockPublicAccess(t *testing.T) {
	for policy, public := range map[string]bool{
		stmt("Allow", "s3:GetObject", "*",
			who(`"*"`)): true,
		stmt("Allow", "s3:GetObject", "*",
			who(`"*"`)+cond(`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`)): false,
		stmt("Allow", "s3:GetObject", "*",
			who(`"*"`)+cond(`"StringEquals":{"aws:userid":"anonymous"}`)): true,
		stmt("Allow", "s3:GetObject", "*",
			who(`{"AWS":"*"}`)+cond(`"StringEquals":{"aws:PrincipalAccount":"anonymous"}`)): true,
	} {
		p := mustParse(t, Bucket, policy)
		keys := Values{"aws:sourceip": {"203.0.113.9"}, "aws:userid": {"anonymous"}, "aws:principalaccount": {"anonymous"}}
		for _, name := range []string{"anon", "V", "U"} {
			c := callers[name]
			if name == "V" {
				c = Caller{Kind: IAMUser, Account: accountB, ARN: "arn:aws:iam::222222222222:user/victor"}
			}
			want := name == "U" || name == "V" && !public
			r := Request{Caller: c, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA, Keys: keys}
			if d := Evaluate(r, Set{Identity: []*Policy{mustParse(t, Identity, all)}, Resource: p,
				BlockPublic: true}); d.Allowed != want {
				t.Errorf("%s by %s: %+v", name, policy, d)
			}
		}
	}
}
