package gateway

import (
	"encoding/xml"

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

func (l listings) buckets() (*response, error) {
	in := l.req.Listing
	out := bucketsResult{NS: namespace, Owner: owner{ID: policy.CanonicalID(l.caller.Account)}, Prefix: in.Prefix}
	err := l.DB.View(l.ctx, func(tx *store.Tx) error {
		list, next, err := tx.Buckets.List(l.caller.Account, in.Prefix, in.Token, in.Limit)
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
