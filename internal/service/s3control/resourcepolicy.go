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
var sharable = map[string]bool{"s3:listaccessgrants": true, "s3:listaccessgrantslocations": true, "s3:listcalleraccessgrants": true,
	"s3:getdataaccess": true, "s3:getaccessgrantsinstanceforprefix": true}

func badPolicy(why string) error {
	return granary.Errorf(granary.Invalid, "The specified Resource Policy is invalid: %s", why).WithCode("InvalidResourcePolicy")
}

func (s *service) putResourcePolicy(c *awsapi.Call, in *api.PutAccessGrantsInstanceResourcePolicyInput) (*api.PutAccessGrantsInstanceResourcePolicyOutput, error) {
	p, err := policy.Parse(policy.GrantsInstance, in.Policy)
	if err != nil {
		return nil, badPolicy(granary.AsError(err).Message)
	}
	if err := checkShared(in.Policy, granary.GrantsInstanceARN(c.Region, c.Account)); err != nil {
		return nil, err
	}
	created := c.Now.UTC()
	err = s.changeInstance(c, func(tx *store.Tx, i *granary.GrantsInstance) error {
		i.Policy, i.PolicyOrganization, i.PolicyCreated, i.Bound = in.Policy, in.Organization, created, s.Index.Bound(p)
		return tx.GrantsInstances.Update(i)
	})
	if err != nil {
		return nil, err
	}
	return &api.PutAccessGrantsInstanceResourcePolicyOutput{Policy: in.Policy, Organization: in.Organization, CreatedAt: created}, nil
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

var errNoPolicy = granary.Errorf(granary.NotFound, "Access Grants Instance Resource Policy does not exist").WithCode("AccessGrantsInstanceResourcePolicyNotExists")

func (s *service) getResourcePolicy(c *awsapi.Call, _ *api.GetAccessGrantsInstanceResourcePolicyInput) (*api.GetAccessGrantsInstanceResourcePolicyOutput, error) {
	i, err := s.instance(c)
	if err != nil {
		return nil, err
	}
	if i.GrantsInstance.Policy == "" {
		return nil, errNoPolicy
	}
	return &api.GetAccessGrantsInstanceResourcePolicyOutput{Policy: normalised(s.Index.Shown(i.GrantsInstance.Policy, i.Bound)), Organization: i.PolicyOrganization, CreatedAt: i.PolicyCreated}, nil
}

// normalised is the document as AWS returns it: accounts as root ARNs, no white space, its members in their order.
func normalised(document string) string {
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	var b bytes.Buffer
	if rewrite(&b, d, false) != nil {
		return document
	}
	return b.String()
}

// rewrite copies one JSON value; principal says that account numbers in it are principals.
func rewrite(b *bytes.Buffer, d *json.Decoder, principal bool) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, nested := t.(json.Delim)
	if !nested {
		if a, ok := t.(string); ok && principal && granary.AccountID(a).Valid() {
			t = string(granary.RootARN(granary.AccountID(a)))
		}
		return scalar(b, t)
	}
	b.WriteRune(rune(open))
	for n := 0; d.More(); n++ {
		if n > 0 {
			b.WriteByte(',')
		}
		of := principal
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			of = name == "AWS"
			if err := scalar(b, name); err != nil {
				return err
			}
			b.WriteByte(':')
		}
		if err := rewrite(b, d, of); err != nil {
			return err
		}
	}
	end, err := d.Token()
	if err == nil {
		b.WriteRune(rune(end.(json.Delim)))
	}
	return err
}

func scalar(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	b.Truncate(b.Len() - 1) // the encoder ends with a new line
	return err
}

func (s *service) deleteResourcePolicy(c *awsapi.Call, _ *api.DeleteAccessGrantsInstanceResourcePolicyInput) (*api.DeleteAccessGrantsInstanceResourcePolicyOutput, error) {
	return &api.DeleteAccessGrantsInstanceResourcePolicyOutput{}, s.changeInstance(c, func(tx *store.Tx, i *granary.GrantsInstance) error {
		if i.Policy == "" {
			return errNoPolicy
		}
		i.Policy, i.PolicyOrganization, i.Bound = "", "", nil
		return tx.GrantsInstances.Update(i)
	})
}
