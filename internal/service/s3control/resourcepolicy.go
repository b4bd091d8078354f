package s3control

import (
	"bytes"
	"encoding/json"
	"strings"

	"granary"
	api "granary/internal/api/s3control"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

// sharable are the actions an instance's policy may give to others (access-grants §7.1).
var sharable = map[string]bool{"s3:listaccessgrants": true, "s3:listaccessgrantslocations": true,
	"s3:listcalleraccessgrants": true,
	"s3:getdataaccess":          true, "s3:getaccessgrantsinstanceforprefix": true}

func badPolicy(why string) error {
	return granary.Errorf(granary.Invalid, "The specified Resource Policy is invalid: %s",
		why).WithCode("InvalidResourcePolicy")
}

func (s instances) putResourcePolicy(c *awsapi.Call, in *api.PutAccessGrantsInstanceResourcePolicyInput) (
	*api.PutAccessGrantsInstanceResourcePolicyOutput, error) {
	p, err := policy.Parse(policy.GrantsInstance, in.Policy)
	if err != nil {
		return nil, badPolicy(granary.AsError(err).Message)
	}
	if err := checkShared(in.Policy, granary.GrantsInstanceARN(c.Region, c.Account)); err != nil {
		return nil, err
	}
	created := c.Now.UTC()
	err = s.changeInstance(c, func(tx *store.Tx, i *granary.GrantsInstance) error {
		i.Policy, i.PolicyOrganization, i.PolicyCreated, i.Bound = in.Policy, in.Organization, created, s.Index.IAM.Bound(p)
		return tx.GrantsInstances.Update(i)
	})
	if err != nil {
		return nil, err
	}
	return &api.PutAccessGrantsInstanceResourcePolicyOutput{Policy: in.Policy, Organization: in.Organization,
		CreatedAt: created}, nil
}

// texts is a JSON text or a list of them.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// checkShared refuses what an instance's policy cannot mean: other actions, other resources.
func checkShared(document string, instance granary.ARN) error {
	var doc struct{ Statement json.RawMessage }
	type statement struct{ Action, NotAction, Resource, NotResource texts }
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		return badPolicy("it is not JSON")
	}
	var list []statement
	if json.Unmarshal(doc.Statement, &list) != nil {
		list = make([]statement, 1)
		if err := json.Unmarshal(doc.Statement, &list[0]); err != nil {
			return badPolicy("its statements cannot be read")
		}
	}
	for _, st := range list {
		for _, a := range st.Action {
			if !sharable[strings.ToLower(a)] {
				return badPolicy("the action " + a + " cannot be granted to others")
			}
		}
		for _, r := range st.Resource {
			if r != string(instance) && r != "*" {
				return badPolicy("the resource " + r + " is not this instance, " + string(instance))
			}
		}
		if len(st.NotAction)+len(st.NotResource) > 0 {
			return badPolicy("NotAction and NotResource are not possible here")
		}
	}
	return nil
}

var errNoPolicy = granary.Errorf(granary.NotFound, "Access Grants Instance Resource Policy does not exist").
	WithCode("AccessGrantsInstanceResourcePolicyNotExists")

func (s instances) getResourcePolicy(c *awsapi.Call, _ *api.GetAccessGrantsInstanceResourcePolicyInput) (
	*api.GetAccessGrantsInstanceResourcePolicyOutput, error) {
	i, err := s.instance(c)
	if err != nil {
		return nil, err
	}
	if i.GrantsInstance.Policy == "" {
		return nil, errNoPolicy
	}
	return &api.GetAccessGrantsInstanceResourcePolicyOutput{
		Policy: compact(s.Index.IAM.Shown(i.GrantsInstance.Policy, i.Bound)), Organization: i.PolicyOrganization,
		CreatedAt: i.PolicyCreated}, nil
}

// compact is a document without white space, as AWS returns it.
func compact(document string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(document)) != nil {
		return document
	}
	return b.String()
}

func (s instances) deleteResourcePolicy(c *awsapi.Call, _ *api.DeleteAccessGrantsInstanceResourcePolicyInput) (
	*api.DeleteAccessGrantsInstanceResourcePolicyOutput, error) {
	return &api.DeleteAccessGrantsInstanceResourcePolicyOutput{},
		s.changeInstance(c, func(tx *store.Tx, i *granary.GrantsInstance) error {
			if i.Policy == "" {
				return errNoPolicy
			}
			i.Policy, i.PolicyOrganization, i.Bound = "", "", nil
			return tx.GrantsInstances.Update(i)
		})
}
