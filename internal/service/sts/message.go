package sts

import (
	"granary"
	api "granary/internal/api/sts"
	"granary/internal/awsapi"
)

// decodeAuthorizationMessage tells why a caller of this account was refused: what it got in the answer's header
// X-Granary-Authorization-Message.
func (s *service) decodeAuthorizationMessage(c *awsapi.Call, in *api.DecodeAuthorizationMessageInput) (
	*api.DecodeAuthorizationMessageOutput, error) {
	text, err := s.Authz.Decode(c.Caller.Account, in.EncodedMessage)
	if err != nil {
		return nil,
			granary.Errorf(granary.Invalid, "The message is not one that was made here for a caller of this account.").
				WithCode("InvalidAuthorizationMessageException")
	}
	return &api.DecodeAuthorizationMessageOutput{DecodedMessage: text}, nil
}
