package main

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"granary/internal/client"
)

// identityCenter is every resource and data source that the provider has for applications, issuers and the directory.
const identityCenter = `
data "aws_ssoadmin_instances" "all" {}

locals {
  instance = tolist(data.aws_ssoadmin_instances.all.arns)[0]
  store    = tolist(data.aws_ssoadmin_instances.all.identity_store_ids)[0]
  custom   = one([for p in data.aws_ssoadmin_application_providers.all.application_providers :
    p.application_provider_arn if endswith(p.application_provider_arn, "/custom")])
}

data "aws_ssoadmin_application_providers" "all" {}

resource "aws_ssoadmin_application" "portal" {
  name                     = "portal"
  application_provider_arn = local.custom
  instance_arn             = local.instance
  description              = "DESCRIPTION"
  status                   = "ENABLED"
  portal_options {
    visibility = "ENABLED"
    sign_in_options {
      application_url = "https://data.example"
      origin          = "APPLICATION"
    }
  }
  tags = { team = "TEAM", stage = "test" }
}

resource "aws_ssoadmin_application" "plain" {
  name                     = "plain"
  application_provider_arn = local.custom
  instance_arn             = local.instance
}

resource "aws_ssoadmin_application_assignment_configuration" "plain" {
  application_arn     = aws_ssoadmin_application.plain.application_arn
  assignment_required = false
}

resource "aws_ssoadmin_application_access_scope" "s3" {
  application_arn    = aws_ssoadmin_application.plain.application_arn
  authorized_targets = [aws_ssoadmin_application.portal.application_arn, aws_ssoadmin_application.plain.application_arn]
  scope              = "s3:access_grants:read_write"
}

resource "aws_ssoadmin_trusted_token_issuer" "corp" {
  name                      = "corp-ISSUER"
  instance_arn              = local.instance
  trusted_token_issuer_type = "OIDC_JWT"
  trusted_token_issuer_configuration {
    oidc_jwt_configuration {
      claim_attribute_path          = "CLAIM"
      identity_store_attribute_path = "emails.value"
      issuer_url                    = "https://idp.example/tenant"
      jwks_retrieval_option         = "OPEN_ID_DISCOVERY"
    }
  }
  tags = { team = "TEAM" }
}

resource "aws_identitystore_user" "ann" {
  identity_store_id  = local.store
  display_name       = "Ann DISPLAY"
  user_name          = "ann"
  nickname           = "NICK"
  title              = "Lead"
  locale             = "en-GB"
  preferred_language = "en"
  profile_url        = "https://people.example/ann"
  timezone           = "Europe/London"
  user_type          = "staff"
  name {
    given_name       = "Ann"
    family_name      = "Miller"
    middle_name      = "B"
    honorific_prefix = "Dr"
    honorific_suffix = "Jr"
    formatted        = "Dr Ann B Miller Jr"
  }
  emails {
    value   = "ann@corp.example"
    type    = "work"
    primary = true
  }
  phone_numbers {
    value   = "+44 1"
    type    = "work"
    primary = true
  }
  addresses {
    street_address = "1 Mill Lane"
    locality       = "Leeds"
    region         = "Yorkshire"
    postal_code    = "LS1"
    country        = "UK"
    formatted      = "1 Mill Lane, Leeds"
    type           = "work"
    primary        = true
  }
}

resource "aws_identitystore_user" "ben" {
  identity_store_id = local.store
  display_name      = "Ben"
  user_name         = "ben"
  name {
    given_name  = "Ben"
    family_name = "Miller"
  }
}

resource "aws_identitystore_group" "millers" {
  identity_store_id = local.store
  display_name      = "Millers"
  description       = "DESCRIPTION"
}

resource "aws_identitystore_group_membership" "ann" {
  identity_store_id = local.store
  group_id          = aws_identitystore_group.millers.group_id
  member_id         = aws_identitystore_user.ann.user_id
}

resource "aws_ssoadmin_application_assignment" "user" {
  application_arn = aws_ssoadmin_application.portal.application_arn
  principal_id    = aws_identitystore_user.ben.user_id
  principal_type  = "USER"
}

resource "aws_ssoadmin_application_assignment" "group" {
  application_arn = aws_ssoadmin_application.portal.application_arn
  principal_id    = aws_identitystore_group.millers.group_id
  principal_type  = "GROUP"
}

data "aws_ssoadmin_application" "portal" {
  application_arn = aws_ssoadmin_application.portal.application_arn
}

data "aws_ssoadmin_application_assignments" "portal" {
  application_arn = aws_ssoadmin_application.portal.application_arn
  depends_on      = [aws_ssoadmin_application_assignment.user, aws_ssoadmin_application_assignment.group]
}

data "aws_ssoadmin_principal_application_assignments" "ann" {
  instance_arn   = local.instance
  principal_id   = aws_identitystore_user.ann.user_id
  principal_type = "USER"
  depends_on     = [aws_ssoadmin_application_assignment.group, aws_identitystore_group_membership.ann]
}

data "aws_identitystore_user" "by_name" {
  identity_store_id = local.store
  alternate_identifier {
    unique_attribute {
      attribute_path  = "UserName"
      attribute_value = aws_identitystore_user.ann.user_name
    }
  }
}

data "aws_identitystore_user" "by_email" {
  identity_store_id = local.store
  alternate_identifier {
    unique_attribute {
      attribute_path  = "emails.value"
      attribute_value = aws_identitystore_user.ann.emails[0].value
    }
  }
}

data "aws_identitystore_group" "by_name" {
  identity_store_id = local.store
  alternate_identifier {
    unique_attribute {
      attribute_path  = "DisplayName"
      attribute_value = aws_identitystore_group.millers.display_name
    }
  }
}

data "aws_identitystore_group" "by_id" {
  identity_store_id = local.store
  group_id          = aws_identitystore_group.millers.group_id
}

data "aws_identitystore_users" "all" {
  identity_store_id = local.store
  depends_on        = [aws_identitystore_user.ann, aws_identitystore_user.ben]
}

data "aws_identitystore_groups" "all" {
  identity_store_id = local.store
  depends_on        = [aws_identitystore_group.millers]
}

data "aws_identitystore_group_memberships" "millers" {
  identity_store_id = local.store
  group_id          = aws_identitystore_group.millers.group_id
  depends_on        = [aws_identitystore_group_membership.ann]
}

output "portal" { value = aws_ssoadmin_application.portal.application_arn }
output "plain" { value = aws_ssoadmin_application.plain.application_arn }
output "issuer" { value = aws_ssoadmin_trusted_token_issuer.corp.arn }
output "store" { value = local.store }
output "instance" { value = local.instance }
output "ann" { value = aws_identitystore_user.ann.user_id }
output "ben" { value = aws_identitystore_user.ben.user_id }
output "millers" { value = aws_identitystore_group.millers.group_id }
output "membership" { value = aws_identitystore_group_membership.ann.membership_id }
output "seen" {
  value = join(" ", [
    data.aws_ssoadmin_application.portal.name, data.aws_ssoadmin_application.portal.application_account,
    length(data.aws_ssoadmin_application_assignments.portal.application_assignments),
    length(data.aws_ssoadmin_principal_application_assignments.ann.application_assignments),
    length(data.aws_identitystore_users.all.users), length(data.aws_identitystore_groups.all.groups),
    length(data.aws_identitystore_group_memberships.millers.group_memberships),
    data.aws_identitystore_user.by_name.user_id == aws_identitystore_user.ann.user_id,
    data.aws_identitystore_user.by_email.user_id == aws_identitystore_user.ann.user_id,
    data.aws_identitystore_group.by_name.group_id == aws_identitystore_group.millers.group_id,
    data.aws_identitystore_group.by_id.display_name,
  ])
}
`

func fill(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(identityCenter) }

// Terraform applies Identity Center's applications, issuer, directory and assignments, plans clean, changes each in
// place, imports and destroys them; and where an administrator may not, it says why.
func TestTerraformManagesIdentityCenter(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	ctx := context.Background()
	sso := ssoadmin.NewFromConfig(tf.AWS(tf.Root()))
	if _, err := sso.CreateInstance(ctx, &ssoadmin.CreateInstanceInput{}); err != nil {
		t.Fatal(err)
	}
	tf.configure(fill("DESCRIPTION", "one", "TEAM", "a", "ISSUER", "1", "CLAIM", "email", "DISPLAY", "M", "NICK", "Annie"))
	tf.apply()
	if got, want := tf.output("seen"), "portal "+tf.Account+" 2 1 2 1 1 true true true Millers"; got != want {
		t.Errorf("the data sources saw %q, want %q", got, want)
	}

	portal, plain := tf.output("portal"), tf.output("plain")
	tf.configure(fill("DESCRIPTION", "two", "TEAM", "b", "ISSUER", "2", "CLAIM", "preferred_username", "DISPLAY", "N",
		"  nickname           = \"NICK\"\n", ""))
	tf.apply()
	if tf.output("portal") != portal {
		t.Error("a change of description made another application")
	}
	app, err := sso.DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: &portal})
	if err != nil || *app.Description != "two" {
		t.Errorf("the application after the change: %+v, %v", app, err)
	}
	store, ann := tf.output("store"), tf.output("ann")
	ids := identitystore.NewFromConfig(tf.AWS(tf.Root()))
	user, err := ids.DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: &store, UserId: &ann})
	if err != nil || *user.DisplayName != "Ann N" || user.NickName != nil {
		t.Errorf("the user after the change: %+v, %v", user, err)
	}

	in := func(id string) string { return store + "/" + id }
	tf.imports(map[string]string{
		"aws_ssoadmin_application.portal":                         portal,
		"aws_ssoadmin_application.plain":                          plain,
		"aws_ssoadmin_application_assignment_configuration.plain": plain,
		"aws_ssoadmin_application_access_scope.s3":                plain + ",s3:access_grants:read_write",
		"aws_ssoadmin_trusted_token_issuer.corp":                  tf.output("issuer"),
		"aws_identitystore_user.ann":                              in(ann),
		"aws_identitystore_user.ben":                              in(tf.output("ben")),
		"aws_identitystore_group.millers":                         in(tf.output("millers")),
		"aws_identitystore_group_membership.ann":                  in(tf.output("membership")),
		"aws_ssoadmin_application_assignment.user":                portal + "," + tf.output("ben") + ",USER",
		"aws_ssoadmin_application_assignment.group":               portal + "," + tf.output("millers") + ",GROUP",
	})

	// What goes behind Terraform's back comes back.
	if _, err := ids.DeleteUser(ctx, &identitystore.DeleteUserInput{IdentityStoreId: &store, UserId: &ann}); err != nil {
		t.Fatal(err)
	}
	if _, err := sso.DeleteApplication(ctx, &ssoadmin.DeleteApplicationInput{ApplicationArn: &plain}); err != nil {
		t.Fatal(err)
	}
	tf.apply()
	if tf.output("ann") == ann || tf.output("plain") == plain {
		t.Error("what was made again has the id of what was deleted")
	}
	tf.destroy()
	left, err := sso.ListApplications(ctx, &ssoadmin.ListApplicationsInput{InstanceArn: app.InstanceArn})
	if err != nil || len(left.Applications) != 0 {
		t.Errorf("applications after destroy: %+v, %v", left, err)
	}

	tf.refused(`
resource "aws_identitystore_user" "a" {
  identity_store_id = "`+store+`"
  display_name      = "A"
  user_name         = "Administrator"
  name {
    given_name  = "A"
    family_name = "A"
  }
}`, "The userName Administrator is reserved")
	x := iam.NewFromConfig(tf.AWS(tf.Root()))
	if _, err := x.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("clerk")}); err != nil {
		t.Fatal(err)
	}
	key, err := x.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("clerk")})
	if err != nil {
		t.Fatal(err)
	}
	tf.as(client.Key{ID: *key.AccessKey.AccessKeyId, Secret: *key.AccessKey.SecretAccessKey})
	tf.refused(`
resource "aws_ssoadmin_application" "a" {
  name                     = "a"
  application_provider_arn = "arn:aws:sso::aws:applicationProvider/custom"
  instance_arn             = "`+*app.InstanceArn+`"
}`, "user/clerk is not authorized to perform: sso:CreateApplication on resource: "+*app.InstanceArn)
}
