package s3control_test

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"granary/internal/corp"
	"granary/internal/worldtest"
)

var isoMillis = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

// emptySums are the checksums of no body at all.
var emptySums = map[string]string{"Content-Md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "X-Amz-Checksum-Crc32": "AAAAAA==",
	"X-Amz-Checksum-Crc32c":    "AAAAAA==",
	"X-Amz-Checksum-Crc64nvme": "AAAAAAAAAAA=", "X-Amz-Checksum-Sha1": "2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
	"X-Amz-Checksum-Sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// What the SDKs of the several languages send, and what they read (access-grants §1).
func TestAccessGrantsOnTheWire(t *testing.T) {
	t.Parallel()
	c := worldtest.Settle(t)
	root := c.Root()
	to := func(method, path, body string, header ...string) worldtest.Request {
		q := worldtest.Request{Method: method, Path: "/v20180820/" + path, Service: "s3", Key: &root, Body: body,
			Header: map[string]string{"X-Amz-Account-Id": c.Account}}
		for i := 0; i < len(header); i += 2 {
			q.Header[header[i]] = header[i+1]
		}
		return q
	}
	ok := func(t *testing.T, status int, q worldtest.Request) worldtest.Answer {
		t.Helper()
		a := worldtest.Send(t, c.World, q)
		if a.Status != status || a.Header.Get("X-Amz-Request-Id") == "" || a.Header.Get("X-Amz-Id-2") == "" {
			t.Errorf("%s %s: %d %v %s", q.Method, q.Path, a.Status, a.Header, a.Body)
		}
		return a
	}
	t.Run("checksums are verified where they are", func(t *testing.T) {
		const body = `<x><Tags><Tag><Key>k</Key><Value/></Tag></Tags></x>`
		path := "tags/" + strings.ReplaceAll("arn:aws:s3:"+c.Region+":"+c.Account+":access-grants/default", ":", "%3A")
		crc := func(table *crc32.Table) string {
			return base64Of(binary.BigEndian.AppendUint32(nil, crc32.Checksum([]byte(body), table)))
		}
		md, s1, s256 := md5.Sum([]byte(body)), sha1.Sum([]byte(body)), sha256.Sum256([]byte(body))
		for name, right := range map[string]string{"Content-Md5": base64Of(md[:]),
			"X-Amz-Checksum-Crc32": crc(crc32.IEEETable), "X-Amz-Checksum-Crc32c": crc(crc32.MakeTable(crc32.Castagnoli)),
			"X-Amz-Checksum-Sha1": base64Of(s1[:]), "X-Amz-Checksum-Sha256": base64Of(s256[:])} {
			ok(t, 204, to("POST", path, body, name, right))
			ok(t, 200, to("GET", "accessgrantsinstance", "", name, emptySums[name]))
		}
		ok(t, 200, to("GET", "accessgrantsinstance", "", "X-Amz-Checksum-Crc64nvme", emptySums["X-Amz-Checksum-Crc64nvme"]))
		for _, name := range []string{"Content-Md5", "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Crc32c",
			"X-Amz-Checksum-Crc64nvme", "X-Amz-Checksum-Sha1", "X-Amz-Checksum-Sha256"} {
			for _, wrong := range []string{"AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAQ==", "no base64"} {
				if a := worldtest.Send(t, c.World, to("POST", path, body, name, wrong)); a.Status != 400 || a.Code != "BadDigest" {
					t.Errorf("%s: %d %s", name, a.Status, a.Body)
				}
			}
		}
	})
	t.Run("accounts in host and header", func(t *testing.T) {
		for _, x := range []struct {
			host, header string
			status       int
		}{
			{"", c.Account, 200}, {c.Account + ".granary.localhost", c.Account, 200},
			{c.Account + ".granary.localhost", "", 200}, {c.Account + ".s3c.example:9000", "", 200},
			{c.Account + ".s3-control." + c.Region + ".amazonaws.com", c.Account, 200}, {"s3c.example", c.Account, 200},
			{"s3c.example", "", 400}, {"", "", 400},
			{"444455556666.s3c.example", c.Account, 400}, {"", "abc", 400}, {"", c.Account + "0", 400},
			{"", "444455556666", 403},
		} {
			q := to("GET", "accessgrantsinstance", "")
			q.Host = x.host
			if q.Header["X-Amz-Account-Id"] = x.header; x.header == "" {
				delete(q.Header, "X-Amz-Account-Id")
			}
			if a := worldtest.Send(t, c.World, q); a.Status != x.status || x.status == 400 && a.Code != "InvalidRequest" {
				t.Errorf("%+v: %d %s", x, a.Status, a.Body)
			}
		}
	})
	t.Run("queries as browsers write them", func(t *testing.T) {
		q := to("GET", "accessgrantsinstance/prefix?s3prefix=s3%3A%2F%2F"+corp.Bucket+"%2Fa%20b%2F%C3%A9%2Bx%2A", "")
		q.Sent = "s3prefix=s3%3A%2F%2F" + corp.Bucket + "%2Fa+b%2F%C3%A9%2Bx*"
		ok(t, 200, q)
	})
	t.Run("bodies as SDKs write them", func(t *testing.T) {
		list := func(method, tail string) worldtest.Request {
			return to(method, "accessgrantsinstance/location"+tail, "")
		}
		ok(t, 200,
			list("DELETE",
				"/"+made(
					ok(t, 200,
						to("POST", "accessgrantsinstance/location",
							`<?xml version="1.0" encoding="UTF-8"?><CreateAccessGrantsLocationRequest `+
								`xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><Tags><Tag><Value `+
								`/><Key>k1</Key></Tag></Tags><LocationScope>s3://`+
								corp.Bucket+`</LocationScope><IAMRoleArn>`+c.Location+`</IAMRoleArn></CreateAccessGrantsLocationRequest>`)).
						Body,
					"AccessGrantsLocationId")))
		ok(t, 200,
			list("DELETE",
				"/"+made(
					ok(t, 200,
						to("POST", "accessgrantsinstance/location", `<Other><IAMRoleArn>`+c.Location+`</IAMRoleArn><LocationScope>s3://`+
							corp.Bucket+`</LocationScope><Tags></Tags></Other>`)).Body, "AccessGrantsLocationId")))
		if a := ok(t, 400,
			to("POST", "accessgrantsinstance/location", `<Other><IAMRoleArn>`+c.Location+
				`</IAMRoleArn><Unknown><a/></Unknown><LocationScope>s3://`+corp.Bucket+
				`</LocationScope></Other>`)); a.Text != "The parameter Unknown is not recognized." {
			t.Errorf("an element nobody knows: %s", a.Body)
		}
	})
	t.Run("answers", func(t *testing.T) {
		a := ok(t, 200, to("GET", "accessgrantsinstance", ""))
		if a.Header.Get("Content-Type") != "application/xml" ||
			!strings.Contains(a.Body, "<GetAccessGrantsInstanceResult><") || !isoMillis.MatchString(made(a.Body, "CreatedAt")) {
			t.Error(a.Body)
		}
		a = ok(t, 200, to("GET", "accessgrantsinstance/grants?granteetype=IAM&maxResults=0", ""))
		if !strings.Contains(a.Body,
			"<ListAccessGrantsResult><AccessGrantsList></AccessGrantsList></ListAccessGrantsResult>") {
			t.Error(a.Body)
		}
		a = ok(t, 200, to("GET", "accessgrantsinstance/caller/grants", ""))
		if !strings.Contains(a.Body, "<CallerAccessGrantsList></CallerAccessGrantsList>") {
			t.Error(a.Body)
		}
	})
	t.Run("numbers and flags that are none", func(t *testing.T) {
		for _, path := range []string{"accessgrantsinstance/grants?maxResults=ten",
			"accessgrantsinstance/caller/grants?allowedByApplication=TRUE",
			"accessgrantsinstance/dataaccess?permission=READ&target=s3%3A%2F%2Fb%2Fx&durationSeconds=1e3",
			"accessgrantsinstance/grants?permission=READ&permission=WRITE"} {
			if a := worldtest.Send(t, c.World, to("GET", path, "")); a.Status != 400 || a.Code != "InvalidRequest" ||
				a.Text == "" {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
	})
	t.Run("browsers", func(t *testing.T) {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodOptions,
			c.Env.Get("HTTP_PROXY")+"/v20180820/accessgrantsinstance/caller/grants", nil)
		r.Header.Set("Origin", "https://app.example")
		r.Header.Set("Access-Control-Request-Method", "GET")
		asked := "authorization,x-amz-account-id,x-amz-content-sha256,x-amz-date,x-amz-security-token,x-amz-user-agent"
		r.Header.Set("Access-Control-Request-Headers", asked)
		resp, err := (&http.Client{Transport: &http.Transport{}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode/100 != 2 || resp.Header.Get("Access-Control-Allow-Headers") != asked ||
			resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
		for status, path := range map[int]string{200: "accessgrantsinstance/caller/grants",
			400: "accessgrantsinstance/dataaccess"} {
			a := ok(t, status, to("GET", path, "", "Origin", "https://app.example"))
			if exposed := a.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "x-amz-request-id") ||
				!strings.Contains(exposed, "x-amz-id-2") || a.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: %v", path, a.Header)
			}
		}
	})
	t.Run("an instance without a body", func(t *testing.T) {
		x := controlOf(c, root)
		emptied(t, x)
		for _, body := range []string{"",
			`<CreateAccessGrantsInstanceRequest ` +
				`xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"></CreateAccessGrantsInstanceRequest>`} {
			worldtest.Must[*s3control.DissociateAccessGrantsIdentityCenterOutput](t)(
				x.DissociateAccessGrantsIdentityCenter(t.Context(),
					&s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: aws.String(c.Account)}))
			worldtest.Must[*s3control.DeleteAccessGrantsInstanceOutput](t)(x.DeleteAccessGrantsInstance(t.Context(),
				&s3control.DeleteAccessGrantsInstanceInput{AccountId: aws.String(c.Account)}))
			if a := ok(t, 200, to("POST", "accessgrantsinstance", body, "Content-Length",
				fmt.Sprint(len(body)))); strings.Contains(a.Body, "IdentityCenter") {
				t.Error(a.Body)
			}
		}
	})
}

// made is the text of an answer's first element of a name.
func made(body, name string) string {
	d := xml.NewDecoder(strings.NewReader(body))
	for {
		tok, err := d.Token()
		if err != nil {
			return ""
		}
		if s, ok := tok.(xml.StartElement); ok && s.Name.Local == name {
			var text string
			_ = d.DecodeElement(&text, &s)
			return text
		}
	}
}
