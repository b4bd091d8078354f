package organizations_test

import (
	"maps"
	"slices"
	"testing"

	"granary/internal/worldtest"
)

// neverHere are declared errors that no operation of AWS Organizations has here, with the reason.
var neverHere = map[string]string{
	"AWSOrganizationsNotInUseException":   "every account is in the organization",
	"ConcurrentModificationException":     "changes wait for each other",
	"PolicyChangesInProgressException":    "changes are done when the answer comes",
	"FinalizingOrganizationException":     "the organization is there from the first start",
	"AccessDeniedForDependencyException":  "no service-linked role is made",
	"UnsupportedAPIEndpointException":     "there is one endpoint, and it has everything",
	"AccountOwnerNotVerifiedException":    "addresses are not verified",
	"DuplicateHandshakeException":         "there are no handshakes",
	"HandshakeAlreadyInStateException":    "there are no handshakes",
	"InvalidHandshakeTransitionException": "there are no handshakes",
	"TooManyRequestsException":            "nothing counts requests that are signed",
	"ServiceException":                    "a bug",
}

// unreachable are ends of one operation that nothing here brings about, with the reason.
var unreachable = map[string]string{
	"CreateOrganization OK":                           "there is one already",
	"CreateOrganization " + violated:                  "there is one already",
	"DeleteOrganization OK":                           "it is there as long as the installation",
	"DeleteOrganization InvalidInputException":        "it has no input",
	"LeaveOrganization OK":                            "accounts stay",
	"LeaveOrganization InvalidInputException":         "it has no input",
	"LeaveOrganization " + noSuchAccount:              "the caller's account is there",
	"RemoveAccountFromOrganization OK":                "accounts stay",
	"InviteAccountToOrganization OK":                  "every account is in the organization",
	"InviteAccountToOrganization " + violated:         "every account is in the organization",
	"EnableAllFeatures OK":                            "they are on",
	"EnableAllFeatures " + violated:                   "they are on",
	"EnableAllFeatures InvalidInputException":         "it has no input",
	"DescribeHandshake OK":                            "there are no handshakes",
	"AcceptHandshake OK":                              "there are no handshakes",
	"AcceptHandshake " + violated:                     "there are no handshakes",
	"DeclineHandshake OK":                             "there are no handshakes",
	"CancelHandshake OK":                              "there are no handshakes",
	"DescribeEffectivePolicy OK":                      "there are no management policies",
	"DescribeEffectivePolicy " + violated:             "there are no management policies",
	"CloseAccount ConflictException":                  "closing waits for nothing",
	"UntagResource " + violated:                       "taking tags away exceeds no limit",
	"DisablePolicyType " + violated:                   "no service needs a type of policies",
	"EnablePolicyType " + violated:                    "all features are on",
	"DescribeResourcePolicy " + violated:              "reading exceeds no limit",
	"DeleteResourcePolicy " + violated:                "deleting exceeds no limit",
	"DeregisterDelegatedAdministrator " + violated:    "deregistering exceeds no limit",
	"ListAWSServiceAccessForOrganization " + violated: "all features are on",
	"ListDelegatedAdministrators " + violated:         "all features are on",
	"ListDelegatedServicesForAccount " + violated:     "all features are on",

	"AcceptHandshake HandshakeConstraintViolationException":  "there are no handshakes",
	"AcceptHandshake MasterCannotLeaveOrganizationException": "there are no handshakes",
	"ListAccountsWithInvalidEffectivePolicy OK":              "there are no management policies",
	"ListAccountsWithInvalidEffectivePolicy " + violated:     "there are no management policies",
}

const (
	violated      = "ConstraintViolationException"
	badInput      = "InvalidInputException"
	noSuchAccount = "AccountNotFoundException"
	denied        = "AccessDeniedException"
)

// outcome is a call and how it must have ended.
type outcome worldtest.Outcome

// Every operation of AWS Organizations: what it does, and each error that its model declares, typed by the SDK. Each
// part has an organization of its own.
func TestOrganizationsOperations(t *testing.T) {
	t.Parallel()
	l := worldtest.NewLedger()
	for _, part := range []struct {
		name string
		run  func(*tree, *testing.T)
	}{
		{"accounts", (*tree).testAccounts},
		{"units", (*tree).testUnits},
		{"tags", (*tree).testTags},
		{"policies", (*tree).testPolicies},
		{"who may", (*tree).testCallers},
		{"what is malformed", (*tree).testMalformed},
		{"requests for accounts", (*tree).testRequests},
		{"nobody leaves", (*tree).testLeaving},
		{"handshakes", (*tree).testHandshakes},
		{"what is not there", (*tree).testMissing},
		{"limits", (*tree).testLimits},
		{"races", (*tree).testRaces},
		{"the audit log", (*tree).testAudit},
		{"pages", (*tree).testPages},
		{"condition keys", (*tree).testConditionKeys},
		{"resources", (*tree).testResources},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(growInto(t, worldtest.Start(t), l), t) })
	}
	if !t.Failed() {
		organizationsCatalogue(t, l)
	}
}

// organizationsCatalogue walks the model: an operation without a row, without its happy path, or without one of its
// errors, is a missing test; and so is a reason for which there is none.
func organizationsCatalogue(t *testing.T, l *worldtest.Ledger) {
	declared := worldtest.DeclaredErrors(t, "organizations")
	cases, used := 0, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		seen := l.Seen["Organizations/"+name]
		for _, code := range append([]string{"OK"}, declared[name]...) {
			excused := neverHere[code] != "" || unreachable[name+" "+code] != ""
			used[code], used[name+" "+code] = true, true
			switch {
			case seen[code] > 0 && excused:
				t.Errorf("%s ends with %s, and a reason is there why it never does", name, code)
			case seen[code] > 0:
				cases++
			case !excused:
				t.Errorf("%s has no case that ends with %s", name, code)
			}
		}
	}
	for _, reason := range slices.Concat(slices.Collect(maps.Keys(neverHere)), slices.Collect(maps.Keys(unreachable))) {
		if !used[reason] {
			t.Errorf("%s is excused, and nothing declares it", reason)
		}
	}
	if len(l.Untyped) > 0 {
		t.Errorf("errors that their operation does not declare: %v", slices.Sorted(maps.Keys(l.Untyped)))
	}
	if len(declared) != 55 {
		t.Errorf("%d operations, want 55", len(declared))
	}
	t.Logf("%d operations, %d ends of them", len(declared), cases)
}
