package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"granary/internal/client"
)

const iamVersion, stsVersion = "2010-05-08", "2011-06-15"

func (w *World) roleARN(name string) string {
	return "arn:aws:iam::" + w.Account + ":role/" + name
}

// allow is a statement of a policy.
func allow(actions, resource any) record {
	return record{"Effect": "Allow", "Action": actions, "Resource": resource}
}

// trust is a statement of a trust policy.
func trust(principal map[string]string, actions any) record {
	return record{"Effect": "Allow", "Principal": principal, "Action": actions}
}

func (r record) when(condition any) record {
	r["Condition"] = condition
	return r
}

func policyText(statements ...record) string {
	b, _ := json.Marshal(struct {
		Version   string
		Statement []record
	}{"2012-10-17", statements}) // texts only
	return string(b)
}

// Roles makes the machine's user and the three roles of the guide.
func (c *Company) Roles(ctx context.Context) error {
	call, err := c.Caller(c.Root())
	if err != nil {
		return err
	}
	ask := func(action string, in url.Values, out any) error {
		return call.Query(ctx, "iam", iamVersion, action, in, out)
	}
	if err := ask("CreateUser", url.Values{"UserName": {"machine"}}, nil); err != nil {
		return err
	}
	var made struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	if err := ask("CreateAccessKey", url.Values{"UserName": {"machine"}}, &made); err != nil {
		return err
	}
	c.Machine = client.Key{ID: made.AccessKey.AccessKeyId, Secret: made.AccessKey.SecretAccessKey}
	c.WebApp, c.Bearer, c.Location = c.roleARN("webapp"), c.roleARN("identity-bearer"), c.roleARN("s3ag-location")
	for _, r := range c.roles() {
		if err := ask("CreateRole", url.Values{"RoleName": {r.name}, "AssumeRolePolicyDocument": {r.trust}},
			nil); err != nil {
			return err
		}
		if err := ask("PutRolePolicy", url.Values{"RoleName": {r.name}, "PolicyName": {"work"},
			"PolicyDocument": {r.policy}}, nil); err != nil {
			return err
		}
	}
	return nil
}

type roleOfGuide struct{ name, trust, policy string }

func (c *Company) roles() []roleOfGuide {
	assume := []string{"sts:AssumeRole", "sts:SetContext"}
	instance := fmt.Sprintf("arn:aws:s3:%s:%s:access-grants/default", c.Region, c.Account)
	service := map[string]string{"Service": "access-grants.s3.amazonaws.com"}
	source := map[string]string{"aws:SourceAccount": c.Account, "aws:SourceArn": instance}
	data := record{"StringEquals": map[string]string{"aws:ResourceAccount": c.Account},
		"ArnEquals": map[string]string{"s3:AccessGrantsInstanceArn": instance}}
	return []roleOfGuide{
		{"webapp",
			policyText(trust(map[string]string{"AWS": "arn:aws:iam::" + c.Account + ":user/machine"}, "sts:AssumeRole")),
			policyText(allow(assume, c.Bearer))},
		{"identity-bearer",
			policyText(trust(map[string]string{"AWS": c.WebApp}, assume)),
			policyText(allow([]string{"s3:GetDataAccess", "s3:ListCallerAccessGrants",
				"s3:GetAccessGrantsInstanceForPrefix"}, "*"))},
		{"s3ag-location",
			policyText(
				trust(service, []string{"sts:AssumeRole", "sts:SetSourceIdentity"}).when(record{"StringEquals": source}),
				trust(service, "sts:SetContext").when(record{"StringEquals": source,
					"ForAllValues:ArnEquals": map[string]string{"sts:RequestContextProviders": contextProvider}})),
			policyText(
				allow([]string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload",
					"s3:ListMultipartUploadParts"}, "arn:aws:s3:::*").when(data),
				allow([]string{"s3:ListBucket", "s3:ListBucketMultipartUploads"}, "arn:aws:s3:::*").when(data))},
	}
}
