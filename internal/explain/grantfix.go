package explain

import (
	"context"
	"fmt"
	"strings"

	"granary"
	"granary/internal/cause"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/store"
)

// grantFix is the command that would make the grant that is missing, as it can be run. Where a group that the person is
// in has a lesser grant, it is for the group.
func (x *Explainer) grantFix(f map[string]string, p principal) string {
	if strings.HasSuffix(f["principal"], ":root") {
		return "Ask as a person, a role or an IAM user: grants are for these, and none can be for a root user."
	}
	i, ok := x.Index.Grants.Instance(p.account, x.Region)
	if !ok || !x.mayRead(p.viewer, p.account) {
		return mend(cause.GrantNone, f, p)
	}
	location, sub, object := place(i, f["target"])
	if location == nil {
		bucket, _, _ := strings.Cut(strings.TrimPrefix(f["target"], "s3://"), "/")
		return fmt.Sprintf("No location holds %s. Register one, with a role that Access Grants may assume, and then make "+
			"the grant. "+
			"Run: aws s3control create-access-grants-location --account-id %s --location-scope s3://%s/ --iam-role-arn ROLE",
			f["target"], p.account, bucket)
	}
	asked, _ := granary.ParsePermission(f["permission"])
	grantee, after := granary.Grantee{Type: granary.GranteeUser, ID: f["user"]},
		"; or put the person into a group that has such a grant."
	if f["user"] == "" {
		grantee, after = granary.Grantee{Type: granary.GranteeIAM, ID: f["principal"]}, ""
	}
	if lesser := x.lesser(i, f["grant"]); lesser != nil {
		grantee, asked = lesser.Grantee, asked|lesser.Permission
		if grantee.Type == granary.GranteeGroup {
			after = fmt.Sprintf("; that is for everybody in %s, through which the person has %s.",
				x.group(granary.StoreID(f["store"]), granary.GroupID(grantee.ID)), lesser.Permission)
		}
	}
	command := fmt.Sprintf("aws s3control create-access-grant --account-id %s --access-grants-location-id %s "+
		"--access-grants-location-configuration %s --grantee GranteeType=%s,GranteeIdentifier=%s --permission %s",
		p.account, location.ID, quote("S3SubPrefix="+shorthand(sub)), grantee.Type, grantee.ID, asked)
	if object {
		command += " --s3-prefix-type Object"
	}
	return "Run: " + command + after
}

// lesser is the grant that covers the target with less than was asked for; nil when there is none.
func (x *Explainer) lesser(i *index.GrantsInstance, id string) (g *granary.Grant) {
	if id == "" {
		return nil
	}
	err := x.DB.View(context.Background(), func(tx *store.Tx) (err error) {
		g, err = tx.Grants.Get(i.Account, i.Region, granary.GrantID(id))
		return err
	})
	if err != nil {
		return nil
	}
	return g
}

// place is the narrowest location that a target lies in, and the sub-prefix that makes a grant there be for the target.
// A location alone makes the same scope whatever the sub-prefix is called: what Join makes of the two is compared.
func place(i *index.GrantsInstance, target string) (best *granary.Location, sub string, object bool) {
	object = !strings.HasSuffix(target, "*")
	i.LocationsOf(func(l *granary.Location) {
		rest, ok := strings.CutPrefix(target, granary.NormalScope(l.Scope))
		if !ok || best != nil && len(granary.NormalScope(best.Scope)) >= len(granary.NormalScope(l.Scope)) {
			return
		}
		for _, s := range []string{rest, "/" + rest} {
			if scope, err := grants.Join(l.Scope, s, object); err == nil && scope == target {
				best, sub = l, s
				return
			}
		}
	})
	return best, sub, object
}

// group is a group by its name and id.
func (x *Explainer) group(s granary.StoreID, id granary.GroupID) string {
	var g *granary.Group
	err := x.DB.View(context.Background(), func(tx *store.Tx) (err error) {
		g, err = tx.Groups.Get(s, id)
		return err
	})
	if err != nil {
		return "the group " + string(id)
	}
	return fmt.Sprintf("the group %s (%s)", g.DisplayName, id)
}

// quote makes a text one word of a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// shorthand quotes a value for the AWS CLI where it could be read as more than one.
func shorthand(s string) string {
	if !strings.ContainsAny(s, `,"'=[]{} `) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
