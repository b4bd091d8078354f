package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// Accounts are made in the organization and stay in it, and it has all features from the beginning: there is nothing to shake hands
// about. The lists are empty, and what would begin a handshake is refused.

func (s *service) checkInvite(_ *awsapi.Call, in *api.InviteAccountToOrganizationInput) ([]authz.Request, error) {
	about := subject{}
	if granary.AccountID(in.Target.Id).Valid() {
		about = on(in.Target.Id)
	}
	return s.creating(about, nil, in.Tags), nil
}

func (s *service) inviteAccount(c *awsapi.Call, in *api.InviteAccountToOrganizationInput) (*api.InviteAccountToOrganizationOutput, error) {
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
			return invalid("INVALID_PATTERN_TARGET_ID", "There is no such account here: create-account makes one in the organization.")
		case err != nil:
			return err
		}
		return handshakeViolation("ALREADY_IN_AN_ORGANIZATION", "The account is in the organization already: every account here is.")
	})
}

func (s *service) enableAllFeatures(*awsapi.Call, *api.EnableAllFeaturesInput) (*api.EnableAllFeaturesOutput, error) {
	return nil, handshakeViolation("ORGANIZATION_ALREADY_HAS_ALL_FEATURES", "The organization has all features already.")
}

func handshakeViolation(reason, message string) error {
	return granary.Errorf(granary.Conflict, "%s", message).WithCode("HandshakeConstraintViolationException").With("Reason", reason)
}

func noHandshake(id string) error {
	return granary.Errorf(granary.NotFound, "There is no handshake %s.", id).WithCode("HandshakeNotFoundException")
}

func (s *service) describeHandshake(_ *awsapi.Call, in *api.DescribeHandshakeInput) (*api.DescribeHandshakeOutput, error) {
	return nil, noHandshake(in.HandshakeId)
}

func (s *service) acceptHandshake(_ *awsapi.Call, in *api.AcceptHandshakeInput) (*api.AcceptHandshakeOutput, error) {
	return nil, noHandshake(in.HandshakeId)
}

func (s *service) declineHandshake(_ *awsapi.Call, in *api.DeclineHandshakeInput) (*api.DeclineHandshakeOutput, error) {
	return nil, noHandshake(in.HandshakeId)
}

func (s *service) cancelHandshake(_ *awsapi.Call, in *api.CancelHandshakeInput) (*api.CancelHandshakeOutput, error) {
	return nil, noHandshake(in.HandshakeId)
}

func (s *service) listHandshakesForAccount(_ *awsapi.Call, in *api.ListHandshakesForAccountInput) (*api.ListHandshakesForAccountOutput, error) {
	list, err := noHandshakes(in.Filter, in.MaxResults, in.NextToken)
	return &api.ListHandshakesForAccountOutput{Handshakes: list}, err
}

func (s *service) listHandshakesForOrganization(_ *awsapi.Call, in *api.ListHandshakesForOrganizationInput) (*api.ListHandshakesForOrganizationOutput, error) {
	list, err := noHandshakes(in.Filter, in.MaxResults, in.NextToken)
	return &api.ListHandshakesForOrganizationOutput{Handshakes: list}, err
}

func noHandshakes(f *api.HandshakeFilter, maxResults *int64, nextToken string) ([]api.Handshake, error) {
	if f != nil && f.ActionType != "" && f.ParentHandshakeId != "" {
		return nil, granary.Errorf(granary.Invalid, "The filter has ActionType and ParentHandshakeId: give one of them.").With("Reason", "MAX_LIMIT_EXCEEDED_FILTER")
	}
	_, _, err := page(awsapi.ListOf("organizations handshakes"), maxResults, nextToken)
	return []api.Handshake{}, err
}
