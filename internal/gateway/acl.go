package gateway

import (
	"encoding/xml"
	"net/http"

	"granary/internal/policy"
	"granary/internal/s3req"
)

type grantee struct {
	XSI  string `xml:"xmlns:xsi,attr"`
	Type string `xml:"xsi:type,attr"`
	ID   string
}

type aclGrant struct {
	Grantee    grantee
	Permission string
}

type aclResult struct {
	XMLName xml.Name `xml:"AccessControlPolicy"`
	NS      string   `xml:"xmlns,attr"`
	Owner   owner
	Grants  []aclGrant `xml:"AccessControlList>Grant"`
}

// getACL tells the only access control list that there is: everything is the owner's.
func (s settings) getACL() (*response, error) {
	id := policy.CanonicalID(s.bucket.Owner)
	return xmlResponse(aclResult{NS: namespace, Owner: owner{ID: id},
		Grants: []aclGrant{{grantee{"http://www.w3.org/2001/XMLSchema-instance", "CanonicalUser", id}, "FULL_CONTROL"}}})
}

// putACL accepts the list that there is, and no other.
func (s settings) putACL() (*response, error) {
	if err := s.req.ACL.Check(); err != nil {
		return nil, err
	}
	if s.doc.Blank() {
		if s.req.ACL.Canned == "" {
			return nil, s3req.Invalid("MissingSecurityHeader", "Your request was missing a required header: x-amz-acl")
		}
		return empty(http.StatusOK), nil
	}
	var in struct {
		XMLName           xml.Name `xml:"AccessControlPolicy"`
		Owner             struct{ ID, DisplayName string }
		AccessControlList struct {
			Grant []struct {
				Grantee    struct{ ID, DisplayName, EmailAddress, URI, Type string }
				Permission string
			}
		}
	}
	if err := s3req.ParseXML(s.doc.Text, &in); err != nil {
		return nil, err
	}
	id := policy.CanonicalID(s.bucket.Owner)
	for _, g := range in.AccessControlList.Grant {
		if g.Grantee.ID != id || g.Permission != "FULL_CONTROL" {
			return nil, s3req.ErrACL
		}
	}
	if in.Owner.ID != id || len(in.AccessControlList.Grant) != 1 || s.req.ACL.Canned != "" {
		return nil, s3req.ErrACL
	}
	return empty(http.StatusOK), nil
}

func (s settings) getObjectACL() (*response, error) {
	if _, err := s.stat(); err != nil {
		return nil, err
	}
	return s.getACL()
}

func (s settings) putObjectACL() (*response, error) {
	if _, err := s.stat(); err != nil {
		return nil, err
	}
	return s.putACL()
}

// noLock answers for the locks of objects in a bucket that has none.
func (s settings) noLock() (*response, error) {
	if _, err := s.stat(); err != nil {
		return nil, err
	}
	return nil, s3req.Invalid("InvalidRequest", "Bucket is missing Object Lock Configuration")
}
