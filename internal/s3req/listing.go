package s3req

import (
	"encoding/base64"
	"strconv"
)

// MaxListed is the most keys, uploads or parts in one answer.
const MaxListed = 1000

const maxBuckets = 10000 // in one answer

// Listing is what a listing asks for.
type Listing struct {
	Prefix, Delimiter string
	Asked             int    // the most keys asked for; MaxListed when the request does not say
	Limit             int    // the most keys to be answered: Asked, and no more than MaxListed
	After             string // begin after this key
	AfterID           string // for uploads, begin after this id of the key After; for versions, the version's id
	StartAfter        string // as sent
	Token             string // continuation token, as sent
	Owners            bool   // tell the owner of each key
	Encoding          string // "" or "url"
}

// parseLimit reads how much the listing may tell.
func (l *Listing) parseLimit(r *Request) error {
	l.Asked, l.Limit = MaxListed, MaxListed
	for _, name := range []string{"max-keys", "max-uploads"} { // no operation reads both
		text := r.query.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 1<<31-1 {
			return notNumber(name)
		}
		l.Asked, l.Limit = n, min(n, MaxListed)
		break
	}
	return nil
}

// parse reads what all listings of keys and uploads have in common.
func (l *Listing) parse(r *Request) error {
	l.Prefix, l.Delimiter, l.Encoding = r.query.Get("prefix"), r.query.Get("delimiter"), r.query.Get("encoding-type")
	if l.Encoding != "" && l.Encoding != "url" {
		return Invalid("InvalidArgument", "Invalid Encoding Method specified in Request")
	}
	return nil
}

// Encode writes a key as the request asks for it.
func (l *Listing) Encode(key string) string {
	if l.Encoding == "url" {
		return EncodeKey(key)
	}
	return key
}

func parseListV1(r *Request) error {
	r.Listing.After, r.Listing.Owners = r.query.Get("marker"), true
	return r.Listing.parse(r)
}

func parseListV2(r *Request) error {
	if r.query.Get("list-type") != "2" {
		return Invalid("InvalidArgument", "Invalid List Type specified in Request")
	}
	l := &r.Listing
	if err := l.parse(r); err != nil {
		return err
	}
	l.StartAfter, l.Owners = r.query.Get("start-after"), r.query.Get("fetch-owner") == "true"
	l.After = l.StartAfter
	token, ok := r.query.Lookup("continuation-token")
	if !ok {
		return nil
	}
	after, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || token == "" {
		return Invalid("InvalidArgument", "The continuation token provided is incorrect")
	}
	l.Token, l.After = token, string(after)
	return nil
}

// NextToken returns the continuation token of a page that begins after a key.
func NextToken(after string) string { return base64.RawURLEncoding.EncodeToString([]byte(after)) }

func parseListUploads(r *Request) error {
	l := &r.Listing
	if l.After = r.query.Get("key-marker"); l.After != "" {
		l.AfterID = r.query.Get("upload-id-marker")
	}
	return l.parse(r)
}

func parseListVersions(r *Request) error {
	l := &r.Listing
	if err := l.parse(r); err != nil {
		return err
	}
	l.After, l.AfterID = r.query.Get("key-marker"), r.query.Get("version-id-marker")
	if l.AfterID != "" && l.After == "" {
		return Invalid("InvalidArgument", "A version-id marker cannot be specified without a key marker.")
	}
	return nil
}

func parseBuckets(r *Request) error {
	l := &r.Listing
	l.Prefix, l.Token, l.Limit = r.query.Get("prefix"), r.query.Get("continuation-token"), maxBuckets
	if text := r.query.Get("max-buckets"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxBuckets {
			return Invalid("InvalidArgument", "max-buckets must be between 1 and 10000")
		}
		l.Limit = n
	}
	return nil
}

// PartsPage is which parts of an object or upload are asked for.
type PartsPage struct {
	After int   // begin after this part number
	Limit int   // at most MaxListed
	Fault error // why the page cannot be told; for attributes it is told only when parts are asked for
}

func parsePartsPage(markerName, marker, limitName, limit string) PartsPage {
	p := PartsPage{Limit: MaxListed}
	for _, v := range []struct {
		name, text string
		into       *int
	}{{markerName, marker, &p.After}, {limitName, limit, &p.Limit}} {
		if v.text == "" {
			continue
		}
		n, err := strconv.Atoi(v.text)
		if err != nil || n < 0 {
			p.Fault = notNumber(v.name)
			return p
		}
		*v.into = n
	}
	p.Limit = min(p.Limit, MaxListed)
	return p
}

func parseListParts(r *Request) error {
	r.Upload.ID, r.Listing.Encoding = r.query.Get("uploadId"), r.query.Get("encoding-type")
	marker, limit := r.query.Get("part-number-marker"), r.query.Get("max-parts")
	r.Parts = parsePartsPage("part-number-marker", marker, "max-parts", limit)
	return r.Parts.Fault
}
