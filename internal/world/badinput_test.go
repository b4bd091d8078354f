package world_test

import (
	"strings"
	"testing"
	"time"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/worldtest"
)

const (
	jsonType = "application/x-amz-json-1.1"
	formType = "application/x-www-form-urlencoded"
)

// Bad input gets the right code and a sentence that says what is wrong, never a 500.
func TestBadInputIsAnsweredInWords(t *testing.T) {
	t.Parallel()
	c := worldtest.Settle(t)
	root := c.Root()
	sso := func(op, body string) worldtest.Request {
		return worldtest.Request{Method: "POST", Path: "/", Service: "sso", Key: &root, Body: body,
			Header: map[string]string{"Content-Type": jsonType, "X-Amz-Target": "SWBExternalService." + op}}
	}
	query := func(service, body string) worldtest.Request {
		return worldtest.Request{Method: "POST", Path: "/", Service: service, Key: &root, Body: body,
			Header: map[string]string{"Content-Type": formType}}
	}
	control := func(method, path, body string) worldtest.Request {
		return worldtest.Request{Method: method, Path: "/v20180820/" + path, Service: "s3", Key: &root, Body: body,
			Header: map[string]string{"X-Amz-Account-Id": c.Account}}
	}
	data := func(method, path string) worldtest.Request {
		return worldtest.Request{Method: method, Path: path, Service: "s3", Key: &root}
	}
	app := worldtest.Must[client.Key](t)(c.Assume(t.Context(), c.Machine, c.WebApp, "app", ""))
	corrupt, stranger, other := app, root, app
	corrupt.Token = corrupt.Token[:len(corrupt.Token)-8] + "AAAAAAAA"
	stranger.ID = "AKIAAAAAAAAAAAAAAAAA"
	other.ID = worldtest.Must[client.Key](t)(c.Assume(t.Context(), c.Machine, c.WebApp, "other", "")).ID
	with := func(q worldtest.Request, change func(*worldtest.Request)) worldtest.Request {
		change(&q)
		return q
	}
	location := func(scope, role string) worldtest.Request {
		return control("POST", "accessgrantsinstance/location", "<x><LocationScope>"+scope+"</LocationScope><IAMRoleArn>"+
			role+"</IAMRoleArn></x>")
	}
	grant := func(location, prefix, who string) worldtest.Request {
		return control("POST", "accessgrantsinstance/grant", "<x><AccessGrantsLocationId>"+location+
			"</AccessGrantsLocationId><AccessGrantsLocationConfiguration><S3SubPrefix>"+prefix+
			"</S3SubPrefix></AccessGrantsLocationConfiguration>"+
			"<Grantee><GranteeType>DIRECTORY_GROUP</GranteeType><GranteeIdentifier>"+
			who+"</GranteeIdentifier></Grantee><Permission>READ</Permission></x>")
	}
	vend := func(query string) worldtest.Request {
		return with(control("GET", "accessgrantsinstance/dataaccess?"+query, ""), func(q *worldtest.Request) { q.Key = &app })
	}
	for name, x := range map[string]struct {
		q           worldtest.Request
		status      int
		code, words string
	}{
		"unknown JSON operation": {sso("Nope", "{}"), 400, "UnknownOperationException", "Nope"},
		"unknown target": {with(sso("Nope", "{}"), func(q *worldtest.Request) { q.Header["X-Amz-Target"] = "Nobody.Nope" }),
			400,
			"UnknownOperationException", ""},
		"a service that is not here": {with(sso("Nope", "{}"), func(q *worldtest.Request) {
			q.Service, q.Header["X-Amz-Target"] = "kms", "TrentService.ListKeys"
		}), 400, "UnknownOperationException", "ListKeys"},
		"unknown query action": {query("sts", "Action=Nope&Version=2011-06-15"), 400, "InvalidAction", "Nope"},
		"no query action":      {query("iam", "Version=2010-05-08"), 400, "", ""},
		"unknown control path": {control("GET", "nope", ""), 400, "InvalidRequest", "no operation"},
		"bad JSON":             {sso("ListInstances", `{"MaxResults":`), 400, "SerializationException", ""},
		"JSON of the wrong type": {sso("ListInstances", `{"MaxResults":"ten"}`), 400, "SerializationException",
			"maxResults"},
		"bad XML": {control("POST", "accessgrantsinstance/location", "<x><y></x>"), 400, "MalformedXML",
			""},
		"XML with an entity": {control("POST", "accessgrantsinstance/location",
			`<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>`), 400, "MalformedXML", ""},
		"bad form": {query("iam", "Action=GetUser&Version=2010-05-08&%zz"), 400, "", ""},
		"form of the wrong type": {query("sts", "Action=AssumeRole&Version=2011-06-15&RoleArn="+c.WebApp+
			"&RoleSessionName=abc&DurationSeconds=long"), 400, "", ""},
		"oversize": {sso("ListInstances", `{"x":"`+strings.Repeat("x", 1<<20)+`"}`), 413, "",
			"larger than the limit"},
		"unknown ARN": {sso("DescribeApplication", `{"ApplicationArn":"arn:aws:sso::`+c.Account+
			`:application/ssoins-1234567890abcdef/apl-1234567890abcdef"}`), 400, "ResourceNotFoundException", "not found"},
		"malformed ARN": {sso("DescribeApplication", `{"ApplicationArn":"apl-1"}`), 400, "ValidationException",
			"regular expression"},
		"second instance": {sso("CreateInstance", `{"Name":"two"}`), 400, "ConflictException", "already"},
		"duplicate user": {query("iam", "Action=CreateUser&Version=2010-05-08&UserName=MACHINE"), 409,
			"EntityAlreadyExists", "already exists"},
		"duplicate role": {
			query("iam",
				"Action=CreateRole&Version=2010-05-08&RoleName=webapp&AssumeRolePolicyDocument="+
					"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22"+
					"%2C%22Principal%22%3A%7B%22AWS%22%3A%22"+
					c.Account+"%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D"), 409, "EntityAlreadyExists", "already exists"},
		"malformed policy": {
			query("iam", "Action=PutRolePolicy&Version=2010-05-08&RoleName=webapp&PolicyName=p&PolicyDocument=%7B%7D"), 400,
			"MalformedPolicyDocument", "no Statement"},
		"missing role": {query("iam", "Action=GetRole&Version=2010-05-08&RoleName=nope"), 404, "NoSuchEntity",
			"nope"},
		"second Access Grants": {control("POST", "accessgrantsinstance", ""), 409, "AccessGrantsInstanceAlreadyExists",
			"already exists"},
		"location without a role": {location("s3://"+corp.Bucket, "arn:aws:iam::"+c.Account+":role/nope"), 400,
			"InvalidIamRole", "nope"},
		"location without a bucket": {location("s3://no-such-bucket/", c.Location), 400, "InvalidAccessGrantsLocation",
			"no-such-bucket"},
		"location twice": {location("s3://", c.Location), 409, "AccessGrantsLocationAlreadyExistsError",
			"already exists"},
		"bad prefix": {grant("default", corp.Bucket+"/a*b/*", c.Groups["Legal"]), 400, "InvalidRequest",
			"last character"},
		"prefix over buckets": {grant("default", "b*", c.Groups["Legal"]), 400, "InvalidAccessGrant", "bucket"},
		"grant to nobody": {grant("default", corp.Bucket+"/x/*", "83d43802-00b1-7054-db02-f1d683aacba5"), 400,
			"InvalidRequest", "Invalid Grantee in the request"},
		"grant in no location": {grant("nope", corp.Bucket+"/x/*", c.Groups["Legal"]), 404,
			"NoSuchAccessGrantsLocationError", "does not exist"},
		"the same grant": {grant("default", corp.Bucket+"/finance/*", c.Groups["Finance"]), 409,
			"AccessGrantAlreadyExists", "already exists"},
		"bad account": {with(control("GET", "accessgrantsinstance", ""),
			func(q *worldtest.Request) { q.Header["X-Amz-Account-Id"] = "123" }), 400, "InvalidRequest", "12 digits"},
		"another account": {with(control("GET", "accessgrantsinstance", ""),
			func(q *worldtest.Request) { q.Header["X-Amz-Account-Id"] = "111122223333" }), 403, "AccessDenied", ""},
		"bad permission": {vend("permission=ALL&target=s3%3A%2F%2Fb%2F%2A"), 400, "InvalidRequest",
			"permission"},
		"bad target": {vend("permission=READ&target=b"), 400, "InvalidRequest", "s3://"},
		"bad duration": {vend("permission=READ&target=s3%3A%2F%2Fb%2F%2A&durationSeconds=60"), 400,
			"InvalidRequest", "duration"},
		"bad checksum": {with(control("GET", "accessgrantsinstance", ""),
			func(q *worldtest.Request) { q.Header["X-Amz-Checksum-Crc32"] = "AAAAAQ==" }), 400, "BadDigest", ""},
		"wrong Region": {with(sso("ListInstances", "{}"), func(q *worldtest.Request) { q.Region = "eu-west-1" }), 400, "",
			"us-east-1"},
		"wrong Region for S3": {with(data("GET", "/"+corp.Bucket), func(q *worldtest.Request) { q.Region = "eu-west-1" }),
			400,
			"AuthorizationHeaderMalformed", "us-east-1"},
		"clock 16 minutes behind": {with(sso("ListInstances", "{}"),
			func(q *worldtest.Request) { q.At = time.Now().Add(-16 * time.Minute) }), 400, "InvalidSignatureException",
			"Signature expired"},
		"clock 16 minutes ahead": {with(query("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
			func(q *worldtest.Request) { q.At = time.Now().Add(16 * time.Minute) }), 403, "SignatureDoesNotMatch",
			"not yet current"},
		"S3 clock 16 minutes behind": {with(data("GET", "/"+corp.Bucket),
			func(q *worldtest.Request) { q.At = time.Now().Add(-16 * time.Minute) }), 403, "RequestTimeTooSkewed", "too large"},
		"corrupt session token": {with(query("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
			func(q *worldtest.Request) { q.Key = &corrupt }), 403, "InvalidClientTokenId", ""},
		"corrupt session token at S3": {with(data("GET", "/"+corp.Bucket), func(q *worldtest.Request) { q.Key = &corrupt }),
			400,
			"InvalidToken", "malformed"},
		"another session's token": {with(data("GET", "/"+corp.Bucket), func(q *worldtest.Request) { q.Key = &other }), 400,
			"InvalidToken", ""},
		"unknown key": {with(data("GET", "/"+corp.Bucket), func(q *worldtest.Request) { q.Key = &stranger }), 403,
			"InvalidAccessKeyId", ""},
		"wrong secret": {with(data("GET", "/"+corp.Bucket),
			func(q *worldtest.Request) { q.Key = &client.Key{ID: root.ID, Secret: "x"} }), 403, "SignatureDoesNotMatch", ""},
		"missing bucket":      {data("GET", "/no-such-bucket"), 404, "NoSuchBucket", "does not exist"},
		"missing key":         {data("GET", "/"+corp.Bucket+"/none"), 404, "NoSuchKey", "does not exist"},
		"bad bucket name":     {data("PUT", "/Bad_Name"), 400, "InvalidBucketName", "not valid"},
		"bucket twice":        {data("PUT", "/"+corp.Bucket), 409, "BucketAlreadyOwnedByYou", "already own"},
		"full bucket":         {data("DELETE", "/"+corp.Bucket), 409, "BucketNotEmpty", "not empty"},
		"tagging":             {data("PUT", "/"+corp.Bucket+"/k?tagging"), 400, "MalformedXML", "not well-formed"},
		"unheard-of selector": {data("PUT", "/"+corp.Bucket+"/k?annotation"), 501, "NotImplemented", "annotation"},
		"two selectors": {data("GET", "/"+corp.Bucket+"/k?acl&tagging"), 400, "InvalidArgument",
			"acl, tagging"},
		"payload not what was signed": {with(data("PUT", "/"+corp.Bucket+"/k"),
			func(q *worldtest.Request) { q.Body, q.Payload = "x", strings.Repeat("0", 64) }), 400, "XAmzContentSHA256Mismatch",
			""},
		"bad continuation": {data("GET", "/"+corp.Bucket+"?list-type=2&continuation-token=%21"), 400,
			"InvalidArgument", "continuation token"},
		"bad range": {with(data("GET", "/"+corp.Bucket+"/shared/handbook.txt"),
			func(q *worldtest.Request) { q.Header = map[string]string{"Range": "bytes=9999-"} }), 416, "InvalidRange",
			"not satisfiable"},
		"NUL in a key": {data("GET", "/"+corp.Bucket+"/a%00b"), 400, "InvalidURI", ""},
		"delete many, unchecked": {with(data("POST", "/"+corp.Bucket+"?delete"),
			func(q *worldtest.Request) { q.Body = "<Delete><Object><Key>a</Key></Object></Delete>" }), 400, "InvalidRequest",
			"Content-MD5"},
	} {
		t.Run(name, func(t *testing.T) {
			a := worldtest.Send(t, c.World, x.q)
			if a.Status != x.status || x.code != "" && a.Code != x.code || !strings.Contains(a.Body, x.words) {
				t.Errorf("got %d %s\nwant %d %s with %q", a.Status, a.Body, x.status, x.code, x.words)
			}
		})
	}
}
