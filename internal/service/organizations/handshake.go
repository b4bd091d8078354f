package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// There are no handshakes: accounts are made in the organization and stay in it, and the organization has all features
// from the beginning. Lists of handshakes are empty, and operations that would begin one are refused.

func (s handshakes) checkInvite(_ *awsapi.Call, in *api.InviteAccountToOrganizationInput) ([]authz.Request, error) {
	of := subject{}
	if granary.AccountID(in.Target.Id).Valid() {
		of = about(in.Target.Id)
	}
	return s.creationRequests(of, nil, in.Tags), nil
}

func (s handshakes) inviteAccount(c *awsapi.Call, in *api.InviteAccountToOrganizationInput) (
	*api.InviteAccountToOrganizationOutput, error) {
	invalid := func(reason, message string) error {
		return granary.Errorf(granary.Invalid, "%s", message).With("Reason", reason)
	}
	return nil, s.DB.View(c, func(tx *store.Tx) (err error) {
		switch in.Target.Type {
		case "ACCOUNT":
			_, err = tx.Accounts.Get(granary.AccountID(in.Target.Id))
		case "EMAIL":
			_, err = tx.Accounts.ByEmail(in.Target.Id)
		default:
			return invalid("INVALID_PARTY_TYPE_TARGET", "Only an account can be invited: Type is ACCOUNT or EMAIL.")
		}
		switch {
		case granary.Is(err, granary.NotFound):
			return invalid("INVALID_PATTERN_TARGET_ID", "There is no such account here: create-account makes one in the "+
				"organization.")
		case err != nil:
			return err
		}
		return handshakeViolation("ALREADY_IN_AN_ORGANIZATION", "The account is in the organization already: every account "+
			"here is.")
	})
}

func handshakeViolation(reason, message string) error {
	return granary.Errorf(granary.Conflict, "%s", message).WithCode("HandshakeConstraintViolationException").With("Reason",
		reason)
}

func noHandshake(id string) error {
	return granary.Errorf(granary.NotFound, "There is no handshake %s.", id).WithCode("HandshakeNotFoundException")
}

func (s handshakes) describeHandshake(_ *awsapi.Call, in *api.DescribeHandshakeInput) (*api.DescribeHandshakeOutput,
	error) {
	return nil, noHandshake(in.HandshakeId)
}

func (s handshakes) acceptHandshake(_ *awsapi.Call, in *api.AcceptHandshakeInput) (*api.AcceptHandshakeOutput, error) {
	return nil, noHandshake(in.HandshakeId)
}

func (s handshakes) declineHandshake(_ *awsapi.Call, in *api.DeclineHandshakeInput) (*api.DeclineHandshakeOutput,
	error) {
	return nil, noHandshake(in.HandshakeId)
}

func (s handshakes) cancelHandshake(_ *awsapi.Call, in *api.CancelHandshakeInput) (*api.CancelHandshakeOutput, error) {
	return nil, noHandshake(in.HandshakeId)
}

func (s handshakes) listHandshakesForAccount(_ *awsapi.Call, in *api.ListHandshakesForAccountInput) (
	*api.ListHandshakesForAccountOutput, error) {
	list, err := noHandshakes(in.Filter, in.MaxResults, in.NextToken)
	return &api.ListHandshakesForAccountOutput{Handshakes: list}, err
}

func (s handshakes) listHandshakesForOrganization(_ *awsapi.Call, in *api.ListHandshakesForOrganizationInput) (
	*api.ListHandshakesForOrganizationOutput, error) {
	list, err := noHandshakes(in.Filter, in.MaxResults, in.NextToken)
	return &api.ListHandshakesForOrganizationOutput{Handshakes: list}, err
}

func noHandshakes(f *api.HandshakeFilter, maxResults *int64, nextToken string) ([]api.Handshake, error) {
	if f != nil && f.ActionType != "" && f.ParentHandshakeId != "" {
		return nil, granary.Errorf(granary.Invalid, "The filter has ActionType and ParentHandshakeId: give one of them.").
			With("Reason", "MAX_LIMIT_EXCEEDED_FILTER")
	}
	_, _, err := pageStart(awsapi.ListOf("organizations handshakes"), maxResults, nextToken)
	return []api.Handshake{}, err
}
