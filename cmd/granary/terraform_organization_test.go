package main

import (
	"fmt"
	"strings"
	"testing"
)

// The organization as Terraform keeps it: units, an account in one of them, policies and what they are attached to.
func TestTerraformManagesTheOrganization(t *testing.T) {
	t.Parallel()
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

resource "aws_organizations_resource_policy" "delegation" {
  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "policies", Effect = "Allow", Principal = { AWS = aws_organizations_account.apps.id },
      Action = "organizations:DescribePolicy", Resource = "*" }]
  })
  tags = { kind = "delegation" }
}

data "aws_organizations_organizational_units" "root" {
  parent_id  = data.aws_organizations_organization.this.roots[0].id
  depends_on = [aws_organizations_organizational_unit.team]
}

data "aws_organizations_organizational_unit" "team" {
  parent_id  = data.aws_organizations_organization.this.roots[0].id
  name       = "team"
  depends_on = [aws_organizations_organizational_unit.team]
}

data "aws_organizations_organizational_unit_descendant_accounts" "root" {
  parent_id  = data.aws_organizations_organization.this.roots[0].id
  depends_on = [aws_organizations_account.apps]
}

data "aws_organizations_organizational_unit_descendant_organizational_units" "root" {
  parent_id  = data.aws_organizations_organization.this.roots[0].id
  depends_on = [aws_organizations_organizational_unit.below]
}

data "aws_organizations_organizational_unit_child_accounts" "root" {
  parent_id = data.aws_organizations_organization.this.roots[0].id
}

data "aws_organizations_delegated_administrators" "sso" {
  service_principal = "sso.amazonaws.com"
  depends_on        = [aws_organizations_delegated_administrator.sso]
}

data "aws_organizations_delegated_services" "apps" {
  account_id = aws_organizations_delegated_administrator.sso.account_id
}

data "aws_organizations_policies" "all" {
  filter     = "RESOURCE_CONTROL_POLICY"
  depends_on = [aws_organizations_policy.perimeter]
}

data "aws_organizations_policy" "guard" {
  policy_id = aws_organizations_policy.guard.id
}

data "aws_organizations_resource_tags" "team" {
  resource_id = aws_organizations_organizational_unit.team.id
}

output "read" {
  value = join(" ", [
    length(data.aws_organizations_organizational_units.root.children),
      data.aws_organizations_organizational_unit.team.id == aws_organizations_organizational_unit.team.id,
    length(data.aws_organizations_organizational_unit_descendant_accounts.root.accounts),
    length(data.aws_organizations_organizational_unit_descendant_organizational_units.root.children),
      length(data.aws_organizations_delegated_administrators.sso.delegated_administrators),
    length(data.aws_organizations_delegated_services.apps.delegated_services),
      length(data.aws_organizations_policies.all.ids), data.aws_organizations_policy.guard.name,
    data.aws_organizations_resource_tags.team.tags["cost"]
  ])
}
output "delegation" { value = aws_organizations_resource_policy.delegation.id }
output "organization" { value = data.aws_organizations_organization.this.id }
output "team" { value = aws_organizations_organizational_unit.team.id }
output "guard" { value = aws_organizations_policy.guard.id }
output "account" { value = aws_organizations_account.apps.id }
output "attached" { value = length(data.aws_organizations_policies_for_target.team.ids) }
`, parent, action)
	}
	const below, root = "aws_organizations_organizational_unit.below.id",
		"data.aws_organizations_organization.this.roots[0].id"
	tf.configure(text("iam:CreateUser", below))
	tf.apply()
	if n := tf.output("attached"); n != "2" {
		t.Errorf("the unit has %s policies, want FullAWSAccess and the guard", n)
	}
	if read := tf.output("read"); read != "1 true 2 2 1 1 2 guard 1" {
		t.Errorf("what data sources read: %s", read)
	}
	// Closed accounts stay where they are, and units with accounts cannot be deleted.
	tf.configure(strings.Replace(text("iam:DeleteUser", root), `description = "who may reach in"`, "", 1))
	tf.apply()
	team, guard := tf.output("team"), tf.output("guard")
	tf.imports(map[string]string{
		"aws_organizations_organizational_unit.team":   team,
		"aws_organizations_policy.guard":               guard,
		"aws_organizations_resource_policy.delegation": tf.output("delegation"),
		"aws_organizations_policy_attachment.guard":    team + ":" + guard,
	})
	tf.refused(text("iam", root), "MalformedPolicyDocumentException")
	tf.configure(text("iam:DeleteUser", root))
	tf.apply()
	id := tf.output("organization")
	tf.destroy()

	// The organization is there already: it is imported, and not destroyed.
	own := `
resource "aws_organizations_organization" "this" {
  aws_service_access_principals = ["sso.amazonaws.com"]
  enabled_policy_types          = ["RESOURCE_CONTROL_POLICY", "SERVICE_CONTROL_POLICY"]
}
`
	tf.refused(own, "AlreadyInOrganizationException")
	tf.configure(own + fmt.Sprintf("import {\n  to = aws_organizations_organization.this\n  id = %q\n}\n", id))
	tf.apply()
	if out, err := tf.command("destroy", "-auto-approve"); err == nil ||
		!strings.Contains(out, "OrganizationNotEmptyException") {
		t.Errorf("destroying the organization: %v\n%s", err, out)
	}
}
