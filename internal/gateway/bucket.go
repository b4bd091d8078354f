package gateway

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"granary"
	"granary/internal/policy"
	"granary/internal/store"
)

type listedBucket struct {
	Name         string
	CreationDate string
	BucketRegion string
}

type bucketsResult struct {
	XMLName xml.Name `xml:"ListAllMyBucketsResult"`
	NS      string   `xml:"xmlns,attr"`
	Owner   owner
	Buckets struct{ Bucket []listedBucket }
	Prefix  string `xml:",omitempty"`
	Token   string `xml:"ContinuationToken,omitempty"`
}

func (q *request) listBuckets() (*response, error) {
	limit := 10000
	if text := q.query.Get("max-buckets"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > limit {
			return nil, badRequest("InvalidArgument", "max-buckets must be between 1 and 10000")
		}
		limit = n
	}
	out := bucketsResult{NS: namespace, Owner: owner{ID: policy.CanonicalID(q.caller.Account)}, Prefix: q.query.Get("prefix")}
	err := q.DB.View(q.ctx, func(tx *store.Tx) error {
		list, next, err := tx.Buckets.List(q.caller.Account, out.Prefix, q.query.Get("continuation-token"), limit)
		for _, b := range list {
			out.Buckets.Bucket = append(out.Buckets.Bucket, listedBucket{b.Name, stamp(b.Created), b.Region})
		}
		out.Token = next
		return err
	})
	if err != nil {
		return nil, err
	}
	return xmlResponse(out)
}

func (q *request) headBucket() (*response, error) {
	r := empty(http.StatusOK)
	r.header.Set("X-Amz-Bucket-Region", q.bucket.Region)
	r.header.Set("X-Amz-Access-Point-Alias", "false")
	return r, nil
}

type locationResult struct {
	XMLName xml.Name `xml:"LocationConstraint"`
	NS      string   `xml:"xmlns,attr"`
	Region  string   `xml:",chardata"`
}

// getLocation is empty for us-east-1, for reasons as old as S3.
func (q *request) getLocation() (*response, error) {
	region := q.bucket.Region
	if region == "us-east-1" {
		region = ""
	}
	return xmlResponse(locationResult{NS: namespace, Region: region})
}

// readLocation takes where a new bucket is to be from the body; policies test it.
func (q *request) readLocation() error {
	text, err := q.small(64 << 10)
	if err != nil || len(strings.TrimSpace(string(text))) == 0 {
		return err
	}
	var in struct {
		XMLName            xml.Name `xml:"CreateBucketConfiguration"`
		LocationConstraint string
	}
	err = parseXML(text, &in)
	q.location = in.LocationConstraint
	return err
}

func (q *request) createBucket() (*response, error) {
	if !bucketName(q.name) {
		return nil, granary.Errorf(granary.Invalid, "The specified bucket is not valid.").WithCode("InvalidBucketName").With("BucketName", q.name)
	}
	if err := q.acl(); err != nil {
		return nil, err
	}
	if c := q.location; c != "" && c != q.Region {
		return nil, granary.Errorf(granary.Invalid, "The %s location constraint is incompatible for the region specific endpoint this request was sent to.", c).
			WithCode("IllegalLocationConstraintException")
	}
	b := &granary.Bucket{Name: q.name, Owner: q.caller.Account, Region: q.Region, Backend: q.Default, Created: q.Now().UTC()}
	if err := q.taken(); err != nil {
		return nil, err
	}
	if err := q.Backends[q.Default].CreateBucket(q.ctx, q.name); err != nil {
		return nil, err
	}
	err := q.DB.Update(q.ctx, func(tx *store.Tx) error { return tx.Buckets.Create(b) })
	if granary.Is(err, granary.Exists) {
		return nil, granary.Errorf(granary.Exists, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.").
			WithCode("BucketAlreadyExists").With("BucketName", q.name)
	}
	if err != nil {
		return nil, err
	}
	r := empty(http.StatusOK)
	r.header.Set("Location", "/"+q.name)
	return r, nil
}

// taken refuses the name of a bucket that is there.
func (q *request) taken() error {
	switch {
	case q.bucket == nil:
		return nil
	case q.bucket.Owner == q.caller.Account:
		return granary.Errorf(granary.Exists, "Your previous request to create the named bucket succeeded and you already own it.").WithCode("BucketAlreadyOwnedByYou").With("BucketName", q.name)
	}
	return granary.Errorf(granary.Exists, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.").
		WithCode("BucketAlreadyExists").With("BucketName", q.name)
}

func (q *request) deleteBucket() (*response, error) {
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	if err := s.DeleteBucket(q.ctx, remote(q.bucket)); err != nil && granary.AsError(err).Code != "NoSuchBucket" {
		return nil, err
	}
	if err := q.DB.Update(q.ctx, func(tx *store.Tx) error { return tx.Buckets.Delete(q.name) }); err != nil {
		return nil, err
	}
	return empty(http.StatusNoContent), nil
}

const maxPolicy = 20 << 10 // bytes

// ownPolicy lets an account manage the policies of its own buckets only, whoever else is allowed to.
func (q *request) ownPolicy() error {
	if q.bucket.Owner != q.caller.Account {
		return granary.Errorf(granary.Invalid, "The specified method is not allowed against this resource.").WithCode("MethodNotAllowed")
	}
	return nil
}

func (q *request) putPolicy() (*response, error) {
	if err := q.ownPolicy(); err != nil {
		return nil, err
	}
	text, err := q.small(maxPolicy)
	if err != nil {
		return nil, err
	}
	p, err := policy.Parse(policy.Bucket, string(text))
	if err != nil {
		return nil, granary.AsError(err).WithCode("MalformedPolicy")
	}
	if !p.Within(q.name) {
		return nil, granary.Errorf(granary.Invalid, "Policy has invalid resource").WithCode("MalformedPolicy")
	}
	return q.setPolicy(string(text), q.Index.Bound(p))
}

func (q *request) setPolicy(text string, bound map[granary.ARN]string) (*response, error) {
	err := q.DB.Update(q.ctx, func(tx *store.Tx) error {
		b, err := tx.Buckets.Get(q.name)
		if err != nil {
			return err
		}
		b.Policy, b.Bound = text, bound
		return tx.Buckets.Update(b)
	})
	if err != nil {
		return nil, err
	}
	return empty(http.StatusNoContent), nil
}

func (q *request) getPolicy() (*response, error) {
	if err := q.ownPolicy(); err != nil {
		return nil, err
	}
	if q.bucket.Bucket.Policy == "" {
		return nil, granary.Errorf(granary.NotFound, "The bucket policy does not exist").WithCode("NoSuchBucketPolicy").With("BucketName", q.name)
	}
	return &response{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: []byte(q.Index.Shown(q.bucket.Bucket.Policy, q.bucket.Bound))}, nil
}

func (q *request) deletePolicy() (*response, error) {
	if err := q.ownPolicy(); err != nil {
		return nil, err
	}
	return q.setPolicy("", nil)
}
