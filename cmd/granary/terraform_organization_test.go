package main

import (
	"fmt"
	"testing"
)

// The organization as Terraform keeps it: units, an account in one of them, policies and what they are attached to.
func TestTerraformManagesTheOrganization(t *testing.T) {
	tf := newTerraform(t)
	text := func(action, parent string) string {
		return fmt.Sprintf(`
data "aws_organizations_organization" "this" {}

resource "aws_organizations_organizational_unit" "team" {
  name      = "team"
  parent_id = data.aws_organizations_organization.this.roots[0].id
  tags      = { cost = "1" }
}

resource "aws_organizations_organizational_unit" "below" {
  name      = "below"
  parent_id = aws_organizations_organizational_unit.team.id
}

resource "aws_organizations_account" "apps" {
  name              = "apps"
  email             = "apps@larkspur.example"
  parent_id         = %s
  close_on_deletion = true
  tags              = { owner = "grace" }
}

resource "aws_organizations_policy" "guard" {
  name = "guard"
  type = "SERVICE_CONTROL_POLICY"
  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "guard", Effect = "Deny", Action = %q, Resource = "*" }]
  })
  tags = { kind = "guard" }
}

resource "aws_organizations_policy" "perimeter" {
  name        = "perimeter"
  description = "who may reach in"
  type        = "RESOURCE_CONTROL_POLICY"
  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{ Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "*",
    Condition = { StringNotEqualsIfExists = { "aws:PrincipalOrgID" = data.aws_organizations_organization.this.id } } }]
  })
}

resource "aws_organizations_policy_attachment" "guard" {
  policy_id = aws_organizations_policy.guard.id
  target_id = aws_organizations_organizational_unit.team.id
}

resource "aws_organizations_policy_attachment" "perimeter" {
  policy_id = aws_organizations_policy.perimeter.id
  target_id = aws_organizations_account.apps.id
}

resource "aws_organizations_delegated_administrator" "sso" {
  account_id        = aws_organizations_account.apps.id
  service_principal = "sso.amazonaws.com"
}

data "aws_organizations_policies_for_target" "team" {
  target_id  = aws_organizations_organizational_unit.team.id
  filter     = "SERVICE_CONTROL_POLICY"
  depends_on = [aws_organizations_policy_attachment.guard]
}

output "team" { value = aws_organizations_organizational_unit.team.id }
output "guard" { value = aws_organizations_policy.guard.id }
output "account" { value = aws_organizations_account.apps.id }
output "attached" { value = length(data.aws_organizations_policies_for_target.team.ids) }
`, parent, action)
	}
	const below, root = "aws_organizations_organizational_unit.below.id", "data.aws_organizations_organization.this.roots[0].id"
	tf.configure(text("iam:CreateUser", below))
	tf.apply()
	if n := tf.output("attached"); n != "2" {
		t.Errorf("the unit has %s policies, want FullAWSAccess and the guard", n)
	}
	tf.configure(text("iam:DeleteUser", root)) // closed accounts stay where they are, and units with accounts cannot be deleted
	tf.apply()
	team, guard := tf.output("team"), tf.output("guard")
	tf.imports(map[string]string{
		"aws_organizations_organizational_unit.team": team,
		"aws_organizations_policy.guard":             guard,
		"aws_organizations_policy_attachment.guard":  team + ":" + guard,
	})
	tf.refused(text("iam", root), "MalformedPolicyDocumentException")
	tf.configure(text("iam:DeleteUser", root))
	tf.apply()
	tf.destroy()
}
