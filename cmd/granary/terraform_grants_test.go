package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"granary/internal/client"
)

// accessGrants is a company's buckets, roles and grants: every resource that the provider has for S3 Access Grants, and
// of IAM and S3 what they need. Without account_id the provider would replace what it could change in place.
const accessGrants = `
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}
data "aws_ssoadmin_instances" "all" {}

locals {
  account  = data.aws_caller_identity.me.account_id
  center   = tolist(data.aws_ssoadmin_instances.all.arns)[0]
  store    = tolist(data.aws_ssoadmin_instances.all.identity_store_ids)[0]
  instance = "arn:aws:s3:${data.aws_region.here.name}:${local.account}:access-grants/default"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    principals {
      type        = "Service"
      identifiers = ["access-grants.s3.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.instance]
    }
  }
  statement {
    actions = ["sts:SetContext"]
    principals {
      type        = "Service"
      identifiers = ["access-grants.s3.amazonaws.com"]
    }
    condition {
      test     = "ForAllValues:ArnEquals"
      variable = "sts:RequestContextProviders"
      values   = ["arn:aws:iam::aws:contextProvider/IdentityCenter"]
    }
  }
}

data "aws_iam_policy_document" "data" {
  statement {
    actions   = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
    resources = [aws_s3_bucket.reports.arn, "${aws_s3_bucket.reports.arn}/*"]
    condition {
      test     = "ArnEquals"
      variable = "s3:AccessGrantsInstanceArn"
      values   = [local.instance]
    }
  }
}

resource "aws_iam_role" "location" {
  name                 = "location"
  path                 = "/grants/"
  description          = "DESCRIPTION"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 43200
  tags                 = { team = "TEAM" }
}

resource "aws_iam_policy" "data" {
  name        = "data"
  description = "what a location opens"
  policy      = data.aws_iam_policy_document.data.json
  tags        = { team = "TEAM" }
}

resource "aws_iam_role_policy_attachment" "data" {
  role       = aws_iam_role.location.name
  policy_arn = aws_iam_policy.data.arn
}

resource "aws_iam_role_policy" "more" {
  name   = "more"
  role   = aws_iam_role.location.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:DeleteObject",
    Resource = "${aws_s3_bucket.reports.arn}/*" }] })
}

resource "aws_iam_user" "machine" {
  name = "machine"
  path = "/machines/"
  tags = { team = "TEAM" }
}

resource "aws_iam_access_key" "machine" {
  user = aws_iam_user.machine.name
}

resource "aws_iam_user_policy" "machine" {
  name   = "vend"
  user   = aws_iam_user.machine.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetDataAccess",
    Resource = local.instance }] })
}

resource "aws_iam_user_policy_attachment" "machine" {
  user       = aws_iam_user.machine.name
  policy_arn = aws_iam_policy.data.arn
}

resource "aws_iam_group" "machines" {
  name = "machines"
  path = "/machines/"
}

resource "aws_iam_group_policy" "vend" {
  name   = "list"
  group  = aws_iam_group.machines.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow",
    Action = "s3:ListCallerAccessGrants", Resource = local.instance }] })
}

resource "aws_iam_group_policy_attachment" "data" {
  group      = aws_iam_group.machines.name
  policy_arn = aws_iam_policy.data.arn
}

resource "aws_iam_user_group_membership" "machine" {
  user   = aws_iam_user.machine.name
  groups = [aws_iam_group.machines.name]
}

resource "aws_iam_openid_connect_provider" "cluster" {
  url             = "https://cluster.example/oidc"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]
  tags            = { team = "TEAM" }
}

resource "aws_s3_bucket" "reports" {
  bucket        = "larkspur-reports"
  force_destroy = true
}

resource "aws_s3_bucket_policy" "reports" {
  bucket = aws_s3_bucket.reports.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "TEAM", Effect = "Allow",
    Principal = { AWS = aws_iam_user.machine.arn }, Action = "s3:ListBucket", Resource = aws_s3_bucket.reports.arn }] })
}

resource "aws_identitystore_user" "ann" {
  identity_store_id = local.store
  display_name      = "Ann"
  user_name         = "ann"
  name {
    given_name  = "Ann"
    family_name = "Miller"
  }
}

resource "aws_identitystore_group" "finance" {
  identity_store_id = local.store
  display_name      = "Finance"
}

resource "aws_ssoadmin_application" "portal" {
  name                     = "portal"
  application_provider_arn = "arn:aws:sso::aws:applicationProvider/custom"
  instance_arn             = local.center
}

resource "aws_s3control_access_grants_instance" "main" {
  account_id = local.account
  identity_center_arn = local.center
  tags                = { team = "TEAM" }
}

resource "aws_s3control_access_grants_location" "all" {
  account_id = local.account
  depends_on     = [aws_s3control_access_grants_instance.main]
  iam_role_arn   = aws_iam_role.location.arn
  location_scope = "s3://"
  tags           = { team = "TEAM" }
}

resource "aws_s3control_access_grants_location" "finance" {
  account_id = local.account
  depends_on     = [aws_s3control_access_grants_instance.main]
  iam_role_arn   = aws_iam_role.location.arn
  location_scope = "s3://${aws_s3_bucket.reports.bucket}/finance*"
}

resource "aws_s3control_access_grants_location" "bucket" {
  account_id = local.account
  depends_on     = [aws_s3control_access_grants_instance.main]
  iam_role_arn   = aws_iam_role.location.arn
  location_scope = "s3://${aws_s3_bucket.reports.bucket}"
}

resource "aws_s3control_access_grant" "machine" {
  account_id = local.account
  access_grants_location_id = aws_s3control_access_grants_location.bucket.access_grants_location_id
  permission                = "READWRITE"
  access_grants_location_configuration {
    s3_sub_prefix = "machines/*"
  }
  grantee {
    grantee_type       = "IAM"
    grantee_identifier = aws_iam_user.machine.arn
  }
  tags = { team = "TEAM" }
}

resource "aws_s3control_access_grant" "ann" {
  account_id = local.account
  access_grants_location_id = aws_s3control_access_grants_location.all.access_grants_location_id
  permission                = "READ"
  s3_prefix_type            = "Object"
  access_grants_location_configuration {
    s3_sub_prefix = "${aws_s3_bucket.reports.bucket}/people/ann.txt"
  }
  grantee {
    grantee_type       = "DIRECTORY_USER"
    grantee_identifier = aws_identitystore_user.ann.user_id
  }
}

resource "aws_s3control_access_grant" "finance" {
  account_id = local.account
  access_grants_location_id = aws_s3control_access_grants_location.finance.access_grants_location_id
  permission                = "READ"
  grantee {
    grantee_type       = "DIRECTORY_GROUP"
    grantee_identifier = aws_identitystore_group.finance.group_id
  }
}

resource "aws_s3control_access_grants_instance_resource_policy" "shared" {
  account_id = local.account
  depends_on = [aws_s3control_access_grants_instance.main]
  policy     = jsonencode({ Version = "2012-10-17", Id = "TEAM", Statement = [{ Sid = "shared", Effect = "Allow",
    Principal = { AWS = "arn:aws:iam::444455556666:root" }, Action = ["s3:ListAccessGrants", "s3:GetDataAccess"],
    Resource = local.instance }] })
}

output "policy" { value = aws_iam_policy.data.arn }
output "cluster" { value = aws_iam_openid_connect_provider.cluster.arn }
output "all" { value = aws_s3control_access_grants_location.all.access_grants_location_id }
output "prefix" { value = aws_s3control_access_grants_location.finance.access_grants_location_id }
output "bucket" { value = aws_s3control_access_grants_location.bucket.access_grants_location_id }
output "machine" { value = aws_s3control_access_grant.machine.access_grant_id }
output "finance" { value = aws_s3control_access_grant.finance.access_grant_id }
`

func TestTerraformManagesAccessGrants(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := ssoadmin.NewFromConfig(tf.AWS(tf.Root())).CreateInstance(t.Context(),
		&ssoadmin.CreateInstanceInput{Name: aws.String("corp")})
	must(err)
	tf.configure(strings.NewReplacer("TEAM", "one", "DESCRIPTION", "first").Replace(accessGrants))
	tf.apply()

	t.Run("what was made works", func(t *testing.T) {
		key, err := iam.NewFromConfig(tf.AWS(tf.Root())).CreateAccessKey(t.Context(),
			&iam.CreateAccessKeyInput{UserName: aws.String("machine")})
		must(err)
		k := client.Key{ID: *key.AccessKey.AccessKeyId, Secret: *key.AccessKey.SecretAccessKey}
		x := s3control.NewFromConfig(tf.AWS(k))
		out, err := x.GetDataAccess(t.Context(), &s3control.GetDataAccessInput{AccountId: &tf.Account,
			Target: aws.String("s3://larkspur-reports/machines/x"), Permission: "WRITE", DurationSeconds: aws.Int32(43200)})
		must(err)
		if *out.MatchedGrantTarget != "s3://larkspur-reports/machines/*" {
			t.Errorf("%+v", out)
		}
		if list, err := x.ListCallerAccessGrants(t.Context(),
			&s3control.ListCallerAccessGrantsInput{AccountId: &tf.Account}); err != nil ||
			len(list.CallerAccessGrantsList) != 1 {
			t.Errorf("what the group allows: %+v %v", list, err)
		}
		if _, err := x.GetDataAccess(t.Context(), &s3control.GetDataAccessInput{AccountId: &tf.Account,
			Target: aws.String("s3://larkspur-reports/finance/x"), Permission: "READ"}); err == nil ||
			!strings.Contains(err.Error(), "You do not have READ permissions") {
			t.Errorf("beyond the grant: %v", err)
		}
		_, err = iam.NewFromConfig(tf.AWS(tf.Root())).DeleteAccessKey(t.Context(),
			&iam.DeleteAccessKeyInput{UserName: aws.String("machine"), AccessKeyId: &k.ID})
		must(err)
	})

	tf.configure(strings.NewReplacer("TEAM", "two", "DESCRIPTION", "second").Replace(accessGrants))
	tf.apply()
	id := func(output string) string { return tf.Account + "," + tf.output(output) }
	tf.imports(map[string]string{
		"aws_iam_role.location": "location", "aws_iam_policy.data": tf.output("policy"),
		"aws_iam_role_policy_attachment.data": "location/" + tf.output("policy"),
		"aws_iam_role_policy.more":            "location:more", "aws_iam_user.machine": "machine",
		"aws_iam_user_policy.machine":             "machine:vend",
		"aws_iam_user_policy_attachment.machine":  "machine/" + tf.output("policy"),
		"aws_iam_openid_connect_provider.cluster": tf.output("cluster"),
		"aws_iam_group.machines":                  "machines", "aws_iam_group_policy.vend": "machines:list",
		"aws_iam_group_policy_attachment.data":     "machines/" + tf.output("policy"),
		"aws_iam_user_group_membership.machine":    "machine/machines",
		"aws_s3_bucket_policy.reports":             "larkspur-reports",
		"aws_s3control_access_grants_location.all": id("all"), "aws_s3control_access_grants_location.finance": id("prefix"),
		"aws_s3control_access_grants_location.bucket": id("bucket"),
		"aws_s3control_access_grant.machine":          id("machine"), "aws_s3control_access_grant.finance": id("finance"),
		"aws_s3control_access_grants_instance_resource_policy.shared": tf.Account,
	})
	// The provider does not read which Identity Center it is that an instance is associated with, and so associates it
	// again.
	tf.run("state", "rm", "aws_s3control_access_grants_instance.main")
	tf.run("import", "aws_s3control_access_grants_instance.main", tf.Account)
	tf.apply()
	tf.refused(strings.NewReplacer("TEAM", "two", "DESCRIPTION", "second", `"machines/*"`, `"mach*ines/*"`).
		Replace(accessGrants), "last character")
	tf.configure(strings.NewReplacer("TEAM", "two", "DESCRIPTION", "second").Replace(accessGrants))
	tf.apply()
	tf.destroy()
	list, err := s3control.NewFromConfig(tf.AWS(tf.Root())).ListAccessGrantsInstances(t.Context(),
		&s3control.ListAccessGrantsInstancesInput{AccountId: &tf.Account})
	must(err)
	if len(list.AccessGrantsInstancesList) != 0 {
		t.Errorf("left behind: %s", fmt.Sprint(list.AccessGrantsInstancesList))
	}
}
