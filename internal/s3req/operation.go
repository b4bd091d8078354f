package s3req

import (
	"net/http"
	"slices"
	"strings"

	"granary"
)

// Operation is a row of S3's table: how a request is recognised as the operation, what it reads, and what it needs.
// Its methods are the columns of the rows in operations.go and settings.go.
type Operation struct {
	Name      string // as in the S3 API reference
	Event     string // as CloudTrail names it
	ReadOnly  bool   // changes nothing
	Manage    bool   // is a management event in the audit log, not a data event
	Body      bool   // takes a body
	Encrypted bool   // its answer tells how the object is encrypted
	NoBucket  bool   // runs although the bucket does not exist

	// Document is the most bytes of the document that the body is, 0 when the body is none. When it is Tested, the
	// decision is about what the document says, which is therefore read first.
	Document int64
	Tested   bool

	selector        string // the query parameter that makes a request the operation; "" when none does
	action          string // that must be allowed; "" when further names all
	versions        string // that must be allowed instead when a version is named; "" when it is the same
	params, headers string // that the operation reads, with spaces between
	creates         bool   // makes an object (s3:ObjectCreationOperation)
	part            bool   // works on an upload: what policies test of the object was said when the upload began
	copies          bool   // reads x-amz-copy-source
	listing         bool   // reads max-keys or max-uploads
	objectSums      bool   // the checksum headers are about the whole object, not about the body
	digested        bool   // the body must come with a digest

	tagHeader func(*Request) ([]granary.Tag, error) // reads x-amz-tagging; may be nil
	values    func(*Request) error                  // reads the values of the request; may be nil
	document  func(*Document) error                 // reads the document's text; nil: the operation does
	further   func(*Request, *Document) []Need      // further needs; may be nil
}

// level is what a request addresses.
type level uint8

const (
	service level = iota
	bucket
	object
)

// place is where in the table a request belongs.
type place struct {
	level    level
	method   string
	selector string // "copy" and "copyPart" tell the PUTs with a source apart
}

func get(name, action string) *Operation {
	return &Operation{Name: name, action: action, ReadOnly: true}
}

func write(name, action string) *Operation { return &Operation{Name: name, action: action} }

// put is an operation that takes a body.
func put(name, action string) *Operation {
	return (&Operation{Name: name, action: action, Body: true}).readHeaders(bodyHeaders)
}

func (o *Operation) readParams(names string) *Operation {
	o.params += " " + names
	return o
}

func (o *Operation) readHeaders(names string) *Operation {
	o.headers += " " + names
	return o
}

// event sets the name in CloudTrail, where it is not the operation's.
func (o *Operation) event(name string) *Operation {
	o.Event = name
	return o
}

func (o *Operation) manage() *Operation {
	o.Manage = true
	return o
}

// lists makes the operation a listing of keys or uploads.
func (o *Operation) lists(params string, values func(*Request) error) *Operation {
	o.listing, o.values = true, values
	return o.readParams(listParams + params)
}

// versioned lets the request name a version, which needs an action of its own.
func (o *Operation) versioned() *Operation {
	o.versions = strings.Replace(o.action, "Object", "ObjectVersion", 1)
	return o.nullVersion()
}

// nullVersion lets the request name a version, which needs no other action.
func (o *Operation) nullVersion() *Operation {
	o.values = parseVersion
	return o.readParams("versionId")
}

// takes makes the body a document of at most so many bytes.
func (o *Operation) takes(limit int64) *Operation {
	o.Document = limit
	return o
}

// tests has the document read before the decision.
func (o *Operation) tests(read func(*Document) error) *Operation {
	o.Tested, o.document = true, read
	return o
}

// encrypted has the answer tell how the object is encrypted.
func (o *Operation) encrypted() *Operation {
	o.Encrypted = true
	return o
}

func (o *Operation) reads(values func(*Request) error) *Operation {
	o.values = values
	return o
}

func (o *Operation) tagged(read func(*Request) ([]granary.Tag, error)) *Operation {
	o.tagHeader = read
	return o.readHeaders("x-amz-tagging")
}

func (o *Operation) needs(further func(*Request, *Document) []Need) *Operation {
	o.further = further
	return o
}

// creating marks the operation as one that makes an object.
func (o *Operation) creating() *Operation {
	o.creates = true
	return o
}

// ofUpload marks the operation as one on an upload that was begun before.
func (o *Operation) ofUpload() *Operation {
	o.part = true
	return o.readHeaders("x-amz-server-side-encryption")
}

func (o *Operation) copying() *Operation {
	o.copies = true
	return o.readHeaders(sourceHeaders)
}

// index gives the rows their selectors and checks that no two share a name.
func index(rows map[place]*Operation) map[place]*Operation {
	names := map[string]bool{}
	for at, o := range rows {
		if names[o.Name] {
			panic("s3req: two rows are named " + o.Name)
		}
		names[o.Name] = true
		switch at.selector {
		case "copy":
		case "copyPart":
			o.selector = "uploadId"
		default:
			o.selector = at.selector
		}
		if o.Event == "" {
			o.Event = o.Name
		}
	}
	return rows
}

// Operations returns every operation, by name.
func Operations() (list []*Operation) {
	for _, o := range table {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b *Operation) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// selectors are the query parameters that make a request another operation. Those without a row are answered with 501.
var selectors = []string{"abac", "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption",
	"intelligent-tiering", "inventory", "legal-hold", "lifecycle", "list-type", "location", "logging",
	"metadataConfiguration", "metadataInventoryTable", "metadataJournalTable", "metadataTable", "metrics", "notification",
	"object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "renameObject", "replication",
	"requestPayment", "restore", "retention", "select", "session", "tagging", "torrent", "uploadId", "uploads",
	"versioning", "versions", "website"}

// identify finds the one operation that the request is. Its error says why there is none.
func (r *Request) identify() (*Operation, error) {
	at := place{object, r.Method, ""}
	switch {
	case r.Bucket == "":
		at.level = service
	case r.Key == "":
		at.level = bucket
	}
	var found []string
	for _, s := range selectors {
		if r.query.Has(s) {
			found = append(found, s)
		}
	}
	switch {
	case len(found) > 1:
		return nil, Invalid("InvalidArgument", "Conflicting query string parameters: "+strings.Join(found, ", "))
	case len(found) == 1:
		at.selector = found[0]
	}
	if at.level == object && at.method == http.MethodPut {
		if err := r.distinguish(&at); err != nil {
			return nil, err
		}
	}
	if op := table[at]; op != nil {
		return op, nil
	}
	switch {
	case at.selector != "":
		return nil, NotImplemented("?" + at.selector)
	case at.level == bucket && at.method == http.MethodPost:
		return nil, NotImplemented("A browser upload by POST")
	}
	return nil, ErrMethod
}

// distinguish tells objects, copies and parts apart, all of which are put.
func (r *Request) distinguish(at *place) error {
	_, copied := r.header["X-Amz-Copy-Source"]
	part, upload := r.query.Has("partNumber"), at.selector == "uploadId"
	switch {
	case part != upload:
		return Invalid("InvalidArgument", "partNumber and uploadId go together.")
	case upload && copied:
		at.selector = "copyPart"
	case copied && at.selector == "":
		at.selector = "copy"
	}
	return nil
}
