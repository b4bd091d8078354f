package policy_test

import (
	"encoding/json"
	"strings"

	"pgregory.net/rapid"

	"granary"
	"granary/internal/policy"
)

// Questions are drawn from small alphabets, so that policies often match the request, and allow about as often as they
// deny.

const (
	accountA, accountB = "111111111111", "222222222222"
	aliceID, appID     = "AIDA2222222222222222", "AROA2222222222222222"
	roleARN            = "arn:aws:iam::111111111111:role/team/app"
)

func rootARN(account string) string { return "arn:aws:iam::" + account + ":root" }

var cast = map[string]policy.Caller{
	"U": {Kind: policy.IAMUser, Account: accountA, ARN: "arn:aws:iam::111111111111:user/alice", UniqueID: aliceID},
	"S": {Kind: policy.RoleSession, Account: accountA, ARN: "arn:aws:sts::111111111111:assumed-role/app/s1",
		Role: roleARN, UniqueID: appID},
	"F": {Kind: policy.FederatedUser, Account: accountA, ARN: "arn:aws:sts::111111111111:federated-user/fay",
		Role: "arn:aws:iam::111111111111:user/alice", UniqueID: aliceID},
	"V":    {Kind: policy.IAMUser, Account: accountB, ARN: "arn:aws:iam::222222222222:user/victor"},
	"root": {Kind: policy.Root, Account: accountA, ARN: granary.ARN(rootARN(accountA))},
	"anon": {Kind: policy.Anonymous},
	"svc":  {Kind: policy.Service, Service: "access-grants.s3.amazonaws.com"},
	"web":  {Kind: policy.WebIdentity, Federated: "arn:aws:iam::111111111111:oidc-provider/ci.example"},
}

func pickOne[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

// chance returns true in n of ten cases.
func chance(t *rapid.T, label string, n int) bool { return rapid.IntRange(0, 9).Draw(t, label) >= 10-n }

func drawQuestion(t *rapid.T) *question {
	q := &question{Keys: map[string][]string{}, Kind: policy.Bucket}
	q.Caller = cast[pickOne(t, "caller", "U", "U", "U", "U", "S", "S", "S", "S", "F", "V", "root", "anon", "svc", "web")]
	q.Owner = pickOne(t, "owner", accountA, accountA, accountA, accountA, accountB)
	for _, k := range contextKeys {
		if values := pickOne(t, k.name, k.values...); values != nil {
			q.Keys[strings.ToLower(k.name)] = values
		}
	}
	if chance(t, "trust", 2) {
		q.Kind, q.Resource = policy.Trust, roleARN
		q.Action = pickOne(t, "action", "sts:AssumeRole", "sts:TagSession", "sts:SetContext")
		q.Attached = drawPolicy(t, q, policy.Trust)
	} else {
		q.Action = pickOne(t, "action", "s3:GetObject", "s3:GetObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject",
			"s3:ListAllMyBuckets", "s3:GetBucketPolicy",
			"sts:GetCallerIdentity", "iam:ListUsers")
		switch q.Action {
		case "s3:ListAllMyBuckets":
			q.Resource = "arn:aws:s3:::*"
		case "s3:ListBucket", "s3:GetBucketPolicy":
			q.Resource = "arn:aws:s3:::b"
		case "sts:GetCallerIdentity":
			q.Resource = "*"
		case "iam:ListUsers":
			q.Resource = pickOne(t, "resource", "*", "arn:aws:iam::111111111111:user/")
		default:
			q.Resource = "arn:aws:s3:::b/" + pickOne(t, "key", "a", "a/b", "A", "ab", "a*", "a:b", "é", "a\nb", "home/alice/f",
				"home/*/f", "home//f", "a?b", "${aws:username}")
		}
		if chance(t, "attached", 6) {
			q.Attached = drawPolicy(t, q, policy.Bucket)
		}
		q.BlockPublic = chance(t, "block public", 3)
	}
	for range pickOne(t, "identity policies", 0, 1, 1, 1, 2) {
		q.Identity = append(q.Identity, drawPolicy(t, q, policy.Identity))
	}
	if chance(t, "bounded", 2) {
		q.Boundary = drawPolicy(t, q, policy.Boundary)
	}
	for range pickOne(t, "session sets", 0, 0, 0, 0, 1, 2) {
		set := []string{}
		for range pickOne(t, "session policies", 1, 1, 0, 2) {
			set = append(set, drawPolicy(t, q, policy.Session))
		}
		q.Sessions = append(q.Sessions, set)
	}
	for range pickOne(t, "SCP levels", 0, 0, 0, 0, 1, 2) {
		q.SCPs = append(q.SCPs, drawLevel(t, q, policy.SCP))
	}
	for range pickOne(t, "RCP levels", 0, 0, 0, 1) {
		q.RCPs = append(q.RCPs, drawLevel(t, q, policy.RCP))
	}
	return q
}

// drawLevel returns the policy that is attached everywhere by default in most cases, and sometimes more policies.
func drawLevel(t *rapid.T, q *question, kind policy.Kind) (out []string) {
	if chance(t, "full access", 9) {
		full := map[string]any{"Effect": "Allow", "Action": "*", "Resource": "*"}
		if kind == policy.RCP {
			full["Principal"] = "*"
		}
		out = append(out, documentOf(full))
	}
	if chance(t, "more", 4) {
		out = append(out, drawPolicy(t, q, kind))
	}
	return out
}

func documentOf(statements ...map[string]any) string {
	b, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func drawPolicy(t *rapid.T, q *question, kind policy.Kind) string {
	var list []map[string]any
	for range pickOne(t, "statements", 1, 1, 1, 2, 3) {
		list = append(list, drawStatement(t, q, kind))
	}
	doc := map[string]any{"Statement": list, "Version": "2012-10-17"}
	if (kind == policy.Bucket || kind == policy.Trust) && chance(t, "old", 1) {
		delete(doc, "Version")
	}
	if len(list) == 1 && chance(t, "no list", 2) {
		doc["Statement"] = list[0]
	}
	b, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return string(b)
}

var (
	actionPatterns = []string{"s3:*", "*", "S3:getOBJECT", "s3:Get*", "s3:?etObject", "s3:GetObject", "s3:ListBucket",
		"s3:List*", "s3:PutObject", "s3:*Object", "iam:*", "sts:*", "ec2:*"}
	trustActions = []string{"sts:AssumeRole", "sts:AssumeRole*", "sts:TagSession", "sts:*", "sts:setcontext",
		"sts:SetSourceIdentity"}
	resources = []string{"*", "arn:aws:s3:::b/*", "arn:aws:s3:::b*", "arn:aws:s3:::*", "arn:*:s3:::b/a*",
		"arn:aws:s3:*:*:b/*", "arn:aws:s3:::b", "arn:aws:s3:::b/a", "arn:aws:s3:::b/a?b",
		"arn:aws:s3:::b/a*b", "arn:aws:s3:::b/?", "arn:aws:s3:::b/home/${aws:username}/*",
		"arn:aws:s3:::b/${aws:PrincipalTag/t}*", "arn:aws:s3:::b/${AWS:PrincipalTag/T, 'a'}*",
		"arn:aws:s3:::b/a${*}", "arn:aws:s3:::b/a${?}b", "arn:aws:s3:::b/${$}{aws:username}",
		"arn:aws:s3:::b/home/${aws:TagKeys}/f", "arn:aws:s3::111111111111:b/*", "arn:aws:s3:*",
		"arn:*:s3:*", "arn:aws:iam::111111111111:role/team/*", "arn:aws:iam::*:role/*", "arn:aws:iam::111111111111:user/*",
		"arn:aws:s3:::c", "arn:aws:s3:::b/é", "arn:aws:s3:::*/*b"}
	awsPrincipals = []string{"*", accountA, rootARN(accountA), "arn:aws:iam::111111111111:user/alice", roleARN,
		"arn:aws:sts::111111111111:assumed-role/app/s1", accountB,
		"arn:aws:iam::222222222222:user/victor", "arn:aws:iam::111111111111:user/bob",
		"arn:aws:sts::111111111111:federated-user/fay", aliceID, appID}
)

// drawTexts draws one or two texts, as a scalar or a list.
func drawTexts(t *rapid.T, label string, from []string) any {
	first := rapid.SampledFrom(from).Draw(t, label)
	switch pickOne(t, label+" form", 0, 0, 1, 2) {
	case 1:
		return []string{first}
	case 2:
		return []string{first, rapid.SampledFrom(from).Draw(t, label)}
	}
	return first
}

func drawStatement(t *rapid.T, q *question, kind policy.Kind) map[string]any {
	s := map[string]any{"Effect": "Allow"}
	if chance(t, "deny", 3) {
		s["Effect"] = "Deny"
	}
	deny := s["Effect"] == "Deny"
	actions, wide := actionPatterns, "s3:*"
	if kind == policy.Trust || q.Kind == policy.Trust {
		actions, wide = trustActions, "sts:*"
	}
	switch {
	case chance(t, "wide action", 6):
		s["Action"] = wide
	case chance(t, "not action", 1) && kind != policy.Trust:
		s["NotAction"] = drawTexts(t, "action", actions)
	default:
		s["Action"] = drawTexts(t, "action", actions)
	}
	switch {
	case kind == policy.Trust:
	case chance(t, "wide resource", 4):
		s["Resource"] = "*"
	case chance(t, "not resource", 1) && (kind != policy.RCP || deny):
		s["NotResource"] = drawTexts(t, "resource", resources)
	default:
		s["Resource"] = drawTexts(t, "resource", resources)
	}
	switch kind {
	case policy.RCP:
		s["Principal"] = "*"
	case policy.Bucket:
		if deny && chance(t, "not principal", 3) {
			s["NotPrincipal"] = map[string]any{"AWS": drawTexts(t, "principal", awsPrincipals[1:])}
			break
		}
		s["Principal"] = drawPrincipal(t)
	case policy.Trust:
		s["Principal"] = drawPrincipal(t)
	}
	if chance(t, "conditional", 3) {
		blocks := map[string]any{}
		for range pickOne(t, "blocks", 1, 1, 2) {
			operator, keys := drawCondition(t)
			blocks[operator] = keys
		}
		s["Condition"] = blocks
	}
	return s
}

func drawPrincipal(t *rapid.T) any {
	switch pickOne(t, "principal kind", 0, 0, 0, 0, 1, 2, 3, 4) {
	case 1:
		return "*"
	case 2:
		return map[string]any{"Service": pickOne(t, "service", "access-grants.s3.amazonaws.com", "ec2.amazonaws.com")}
	case 3:
		return map[string]any{"Federated": "arn:aws:iam::111111111111:oidc-provider/ci.example",
			"AWS": drawTexts(t, "principal", awsPrincipals)}
	case 4:
		return map[string]any{
			"CanonicalUser": policy.CanonicalID(granary.AccountID(pickOne(t, "canonical", accountA, accountB)))}
	}
	return map[string]any{"AWS": drawTexts(t, "principal", awsPrincipals)}
}

type contextKey struct {
	name   string
	family string
	values [][]string // nil means that the key is absent
}

var contextKeys = []contextKey{
	{"aws:username", "string", [][]string{nil, {"alice"}, {"*"}}},
	{"aws:PrincipalTag/t", "string", [][]string{nil, {"a"}, {"*"}, {"A"}, {""}}},
	{"aws:TagKeys", "string", [][]string{nil, {"a"}, {"a", "b"}, {"b", "c"}, {""}, {"a", "a"}}},
	{"s3:prefix", "string", [][]string{nil, {"a/"}, {""}, {"a/x"}, {"a*"}, {"é"}}},
	{"s3:max-keys", "numeric", [][]string{nil, {"10"}, {"10.0"}, {"-3"}, {"1000"}, {"abc"}}},
	{"aws:CurrentTime", "date", [][]string{nil, {"2025-06-01T00:00:00Z"}, {"2025-06-01T02:00:00+02:00"}, {"1748736000"},
		{"2026"}, {"soon"}}},
	{"aws:SourceIp", "ip", [][]string{nil, {"203.0.113.9"}, {"2001:db8::1"}, {"10.0.0.1"}, {"elsewhere"}}},
	{"aws:SecureTransport", "bool", [][]string{nil, {"true"}, {"false"}}},
	{"aws:PrincipalArn", "arn", [][]string{nil, {roleARN}, {"arn:aws:iam::111111111111:user/alice"},
		{"arn:aws:iam::222222222222:user/alice"}, {"none"}}},
	{"aws:PrincipalAccount", "string", [][]string{nil, {accountA}, {accountB}, {"anonymous"}}},
	{"aws:userid", "string", [][]string{nil, {aliceID}, {appID + ":s1"}, {"anonymous"}}},
	{"a:bin", "binary", [][]string{nil, {"QQ=="}, {"!"}}},
}

var operatorsOf = map[string][]string{
	"string": {"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
		"StringNotLike"},
	"numeric": {"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
		"NumericGreaterThanEquals"},
	"date": {"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
		"DateGreaterThanEquals"},
	"ip": {"IpAddress", "NotIpAddress"}, "bool": {"Bool"}, "binary": {"BinaryEquals"},
	"arn": {"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike"},
}

var wantedOf = map[string][]any{
	"string": {"a", "alice", "a/", "a*", "*", "", "A", "?", "a/*", "${aws:username}", "${aws:PrincipalTag/t}",
		"${aws:PrincipalTag/none}", "${aws:PrincipalTag/none, 'a'}", "${*}", "${aws:TagKeys}", "é", "b",
		accountA, "anonymous", "a?onymous", appID + ":*", aliceID, "AROA*"},
	"numeric": {"10", 10, 1000, "1e3", "-3", "10.00", 9.5, "abc"},
	"date": {"2025-06-01T00:00:00Z", "2025-06-01", "2025", "2025-06-01T01:00:00+01:00", "1748736000", 1748736001,
		"2025-06-01T00:00:00.5Z", "2025-06-01T00:00"},
	"ip": {"203.0.113.9", "203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1", "10.0.0.0/8", "x",
		"64.0.0.0/8", "65.0.0.0/8", "2000::/31", "::ffff:0.0.0.0/95"},
	"bool": {"true", "True", "false", true, false, "${aws:SecureTransport}"}, "binary": {"QQ==", "QUE=", "?"},
	"arn": {roleARN, "arn:aws:iam::*:role/*", "arn:aws:iam::111111111111:*", "arn:aws:iam::*", "*",
		"arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}", "arn:*:*:*:*:*", "arn:aws:iam::2*:user/?????",
		"arn:aws:iam::1${?}*:*"},
}

func drawCondition(t *rapid.T) (operator string, keys map[string]any) {
	k := rapid.SampledFrom(contextKeys).Draw(t, "condition key")
	family := k.family
	if chance(t, "odd operator", 2) {
		family = pickOne(t, "family", "string", "numeric", "date", "ip", "bool", "binary", "arn")
	}
	name := k.name
	if chance(t, "other case", 2) {
		name = strings.ToUpper(name)
	}
	if chance(t, "null", 1) {
		return "Null", map[string]any{name: drawWanted(t, []any{"true", "false", true})}
	}
	operator = rapid.SampledFrom(operatorsOf[family]).Draw(t, "operator")
	wanted := wantedOf[family]
	if operator == "StringLike" && family == "arn" {
		wanted = wantedOf["string"]
	}
	quantified := 2
	if k.name == "aws:TagKeys" {
		quantified = 7
	}
	if chance(t, "quantified", quantified) {
		operator = pickOne(t, "quantifier", "ForAllValues:", "ForAnyValue:") + operator
	}
	if chance(t, "if exists", 2) {
		operator += "IfExists"
	}
	keys = map[string]any{name: drawWanted(t, wanted)}
	if chance(t, "second key", 1) {
		keys["aws:PrincipalTag/t"] = drawWanted(t, wanted)
	}
	return operator, keys
}

func drawWanted(t *rapid.T, from []any) any {
	first := rapid.SampledFrom(from).Draw(t, "wanted")
	if chance(t, "several wanted", 4) {
		return []any{first, rapid.SampledFrom(from).Draw(t, "wanted")}
	}
	return first
}
