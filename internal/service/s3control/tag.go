package s3control

import (
	"regexp"
	"strings"

	"granary"
	api "granary/internal/api/s3control"
	"granary/internal/audit"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

const maxTags = 50

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// mergeTags puts tags over those of an Access Grants resource.
func mergeTags(have []granary.Tag, add []api.Tag) ([]granary.Tag, error) {
	plain := make([]granary.Tag, len(add))
	for i, t := range add {
		plain[i] = granary.Tag{Key: t.Key, Value: t.Value}
	}
	return tagRules.Merge(have, plain)
}

// tagRules are the rules of Access Grants resources. Their keys are case-sensitive ("Working with S3 Access Grants
// tags").
var tagRules = &awsapi.TagRules{Most: maxTags,
	Reserved: func(key string) error {
		return granary.Errorf(granary.Invalid, "The tag key %q begins with aws:, which is reserved.", key).
			WithCode("InvalidTags")
	},
	Twice: func(key string) error {
		return granary.Errorf(granary.Invalid, "The tag key %q is given twice.", key).WithCode("InvalidTag")
	},
	Invalid: func(t granary.Tag) error {
		if t.Key != "" && len([]rune(t.Key)) <= 128 && len([]rune(t.Value)) <= 256 && tagText.MatchString(t.Key) &&
			tagText.MatchString(t.Value) {
			return nil
		}
		return granary.Errorf(granary.Invalid, "The tag %q is too long, or has characters that a tag cannot have.",
			t.Key).WithCode("InvalidTag")
	},
	TooMany: func() error {
		return granary.Errorf(granary.Invalid, "A resource has at most %d tags.", maxTags).WithCode("TooManyTags")
	},
}

var errNoBucket = granary.Errorf(granary.NotFound, "The specified bucket does not exist").WithCode("NoSuchBucket")

// mergeBucketTags puts tags over those of a bucket. Two keys that differ only in the case of their letters are refused,
// as the S3 API refuses them: policies read a bucket's tags by keys without case.
func mergeBucketTags(have []granary.Tag, add []api.Tag) ([]granary.Tag, error) {
	tags, err := mergeTags(have, add)
	seen := map[string]bool{}
	for _, t := range tags {
		if lower := strings.ToLower(t.Key); !seen[lower] {
			seen[lower] = true
			continue
		}
		return nil, granary.Errorf(granary.Invalid,
			"Cannot provide multiple Tags with the same key, whatever the case of its letters: %q.",
			t.Key).WithCode("InvalidTag")
	}
	return tags, err
}

// tagged is a resource whose tags are read or changed.
type tagged struct {
	kind, id string // "", location, grant, bucket
	tags     *[]granary.Tag
	save     func() error
}

// parseTagged reads the ARN: it must lie in the account and Region that the request addresses.
func parseTagged(c *awsapi.Call, arn string) (kind, id string, err error) {
	if name, ok := strings.CutPrefix(arn, string(granary.BucketARN(""))); ok && name != "" &&
		!strings.ContainsAny(name, "/*?") {
		return "bucket", name, nil
	}
	rest, ok := strings.CutPrefix(arn, string(granary.GrantsInstanceARN(c.Region, c.Account)))
	if !ok {
		return "", "", granary.Errorf(granary.Invalid, "%s is not the ARN of an Access Grants resource of account %s in %s.",
			arn, c.Account, c.Region)
	}
	if rest == "" {
		return "", "", nil
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 3 || parts[1] != "location" && parts[1] != "grant" || parts[2] == "" {
		return "", "", granary.Errorf(granary.Invalid, "%s is not the ARN of an Access Grants instance, location or grant.",
			arn)
	}
	return parts[1], parts[2], nil
}

// find reads the resource in a transaction.
func find(tx *store.Tx, c *awsapi.Call, arn string) (t tagged, err error) {
	t.kind, t.id, err = parseTagged(c, arn)
	if err != nil {
		return t, err
	}
	missing := errNoInstance
	switch t.kind {
	case "bucket":
		var b *granary.Bucket
		if b, err = tx.Buckets.Get(t.id); err == nil && b.Owner != c.Account {
			err = errNoBucket
		} else if err == nil {
			t.tags, t.save = &b.Tags, func() error { return tx.Buckets.Update(b) }
		}
		missing = errNoBucket
	case "location":
		var l *granary.Location
		if l, err = tx.Locations.Get(c.Account, c.Region, granary.LocationID(t.id)); err == nil {
			t.tags, t.save = &l.Tags, func() error { return tx.Locations.Update(l) }
		}
		missing = errNoLocation
	case "grant":
		var g *granary.Grant
		if g, err = tx.Grants.Get(c.Account, c.Region, granary.GrantID(t.id)); err == nil {
			t.tags, t.save = &g.Tags, func() error { return tx.Grants.Update(g) }
		}
		missing = errNoGrant
	default:
		var i *granary.GrantsInstance
		if i, err = tx.GrantsInstances.Get(c.Account, c.Region); err == nil {
			t.tags, t.save = &i.Tags, func() error { return tx.GrantsInstances.Update(i) }
		}
	}
	if granary.Is(err, granary.NotFound) {
		return t, missing
	}
	return t, err
}

func (s tags) checkTagged(c *awsapi.Call, arn string) (authz.Request, error) {
	if err := ours(c); err != nil {
		return authz.Request{}, err
	}
	kind, name, err := parseTagged(c, arn)
	if err != nil {
		return authz.Request{}, err
	}
	r := s.on(c, granary.ARN(arn), nil)
	if kind == "bucket" {
		c.Event.Resources = []audit.Resource{{AccountID: string(c.Account), Type: "AWS::S3::Bucket", ARN: arn}}
		if b, ok := s.Index.Buckets.Get(name); ok && b.Owner == c.Account {
			r.Policy, r.BlockPublic = b.Policy, !b.PublicPolicy
		}
	}
	return r, nil
}

func (s tags) checkTag(c *awsapi.Call, in *api.TagResourceInput) ([]authz.Request, error) {
	r, err := s.checkTagged(c, in.ResourceArn)
	if err == nil {
		addRequestTags(r.Keys, in.Tags)
	}
	return []authz.Request{r}, err
}

func (s tags) checkUntag(c *awsapi.Call, in *api.UntagResourceInput) ([]authz.Request, error) {
	r, err := s.checkTagged(c, in.ResourceArn)
	if err == nil {
		r.Keys.AddTagKeys(in.TagKeys...)
	}
	return []authz.Request{r}, err
}

func (s tags) checkListTags(c *awsapi.Call, in *api.ListTagsForResourceInput) ([]authz.Request, error) {
	r, err := s.checkTagged(c, in.ResourceArn)
	return []authz.Request{r}, err
}

func (s tags) tagResource(c *awsapi.Call, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	return &api.TagResourceOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		t, err := find(tx, c, in.ResourceArn)
		if err != nil {
			return err
		}
		merge := mergeTags
		if t.kind == "bucket" {
			merge = mergeBucketTags
		}
		if *t.tags, err = merge(*t.tags, in.Tags); err != nil {
			return err
		}
		return t.save()
	})
}

func (s tags) untagResource(c *awsapi.Call, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	return &api.UntagResourceOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		t, err := find(tx, c, in.ResourceArn)
		if err != nil {
			return err
		}
		*t.tags = tagRules.Remove(*t.tags, in.TagKeys)
		return t.save()
	})
}

func (s tags) listTags(c *awsapi.Call, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	out := &api.ListTagsForResourceOutput{Tags: []api.Tag{}}
	return out, s.DB.View(c, func(tx *store.Tx) error {
		t, err := find(tx, c, in.ResourceArn)
		if err != nil {
			return err
		}
		for _, tag := range *t.tags {
			out.Tags = append(out.Tags, api.Tag{Key: tag.Key, Value: tag.Value})
		}
		return nil
	})
}
