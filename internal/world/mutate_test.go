package world_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"granary/internal/corp"
	"granary/internal/worldtest"
)

// nasty are pieces that have broken parsers before.
var nasty = []string{"", "%", "%00", "%ff", "%2F", "..", "\x00", "\"", "<", "<![CDATA[", "{", "[", "]", "null", "-1",
	"99999999999999999999", "1e999", "*", "?", "${aws:x}", "é", "\u202e",
	"&", "=", ";", "+", " ", "\r\n", "arn:aws:iam::1:role/x", strings.Repeat("A", 3000), "true", "&amp;&#0;", "\xff\xfe",
	"x-amz-acl=public-read", "versionId=null"}

func mutate(r *rand.Rand, s string) string {
	for range 1 + r.IntN(3) {
		at := r.IntN(len(s) + 1)
		end := min(len(s), at+r.IntN(12))
		switch r.IntN(3) {
		case 0:
			s = s[:at] + nasty[r.IntN(len(nasty))] + s[at:]
		case 1:
			s = s[:at] + nasty[r.IntN(len(nasty))] + s[end:]
		default:
			s = s[:at] + s[end:]
		}
	}
	return s
}

// Thousands of broken variants of every request there is, all signed by the account's root: each is answered with a
// status and, when it is refused, with a code. None is a 500.
func TestNothingThatIsSentEndsIn500(t *testing.T) {
	t.Parallel()
	c := worldtest.Settle(t)
	root := c.Root()
	var seeds []worldtest.Request
	for _, s := range c.Server.Rows() {
		for _, r := range s.Rows {
			if !strings.HasPrefix(r.Meta.Name, "Delete") { // what the seeds name must stay there
				seeds = append(seeds, worldtest.SampleRequest(c, s, &r))
			}
		}
	}
	for _, q := range []string{"GET /",
		"GET /" + corp.Bucket + "?list-type=2&prefix=a&delimiter=%2F&max-keys=3&encoding-type=url",
		"GET /" + corp.Bucket + "?prefix=a&marker=b", "GET /" + corp.Bucket + "?uploads",
		"HEAD /" + corp.Bucket, "GET /" + corp.Bucket + "/shared/handbook.txt?partNumber=1", "PUT /" + corp.Bucket + "/m",
		"PUT /" + corp.Bucket + "/m?partNumber=1&uploadId=x", "POST /" + corp.Bucket + "/m?uploads",
		"POST /" + corp.Bucket + "/m?uploadId=x", "POST /" + corp.Bucket + "?delete", "PUT /newbucket",
		"GET /" + corp.Bucket + "?policy"} {
		method, path, _ := strings.Cut(q, " ")
		seeds = append(seeds,
			worldtest.Request{Method: method, Path: path, Service: "s3", Body: "<Delete><Object><Key>a</Key></Object></Delete>",
				Header: map[string]string{"Range": "bytes=0-1", "X-Amz-Copy-Source": "", "Content-Md5": "",
					"X-Amz-Checksum-Crc32": ""}})
	}
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	counts := map[int]int{}
	defer func() { t.Log(counts) }()
	for range 4000 {
		q := seeds[r.IntN(len(seeds))]
		header := map[string]string{}
		for k, v := range q.Header {
			if v != "" {
				header[k] = v
			}
		}
		q.Header, q.Key = header, &root
		switch r.IntN(4) {
		case 0, 1:
			if q.Method != "GET" && q.Method != "HEAD" {
				q.Body = mutate(r, q.Body)
				break
			}
			fallthrough
		case 2:
			path := mutate(r, q.Path)
			if !utf8.ValidString(path) || strings.ContainsAny(path, " \r\n\x00#\x7f") || !strings.HasPrefix(path, "/") ||
				badEscape(path) {
				continue // no client can send it
			}
			q.Path = path
		default:
			name := []string{"Range", "If-Match", "If-Modified-Since", "X-Amz-Copy-Source", "X-Amz-Checksum-Crc32",
				"Content-Md5", "X-Amz-Trailer", "X-Amz-Acl", "X-Amz-Meta-A", "Content-Type",
				"X-Amz-Account-Id", "X-Amz-Metadata-Directive", "X-Amz-Decoded-Content-Length", "X-Amz-Expected-Bucket-Owner",
				"Accept"}[r.IntN(15)]
			v := mutate(r, "bytes=0-1")
			if strings.ContainsAny(v, "\r\n\x00") {
				continue
			}
			q.Header[name] = v
		}
		if q.Method == "GET" || q.Method == "HEAD" {
			q.Body = ""
		}
		a := worldtest.Send(t, c.World, q)
		counts[a.Status]++
		if a.Status >= 500 && a.Status != 501 || a.Status >= 400 && a.Code == "" && q.Method != "HEAD" {
			t.Errorf("%s %.200q %v\n%.300q\n%d %.300s", q.Method, q.Path, q.Header, q.Body, a.Status, a.Body)
		}
	}
}

func badEscape(s string) bool {
	for i := range len(s) {
		if s[i] == '%' && (i+2 >= len(s) || !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i+1])) ||
			!strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i+2]))) {
			return true
		}
	}
	return false
}
