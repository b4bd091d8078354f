package ssooidc_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"granary/internal/worldtest"
)

// noCase are errors of the models of sts and sso-oidc that nothing here answers with, and why.
var noCase = map[string]string{
	"ExpiredTradeInTokenException":                   "of GetDelegatedAccessToken, which is not here",
	"JWTPayloadSizeExceededException":                "of GetWebIdentityToken, which is not here",
	"OutboundWebIdentityFederationDisabledException": "of GetWebIdentityToken, which is not here",
	"SessionDurationEscalationException":             "of GetWebIdentityToken, which is not here",
	"RegionDisabledException":                        "there is one Region, and it is on",
	"IDPRejectedClaim": "providers are not asked about tokens; their keys are, and what " +
		"these do not verify is an InvalidIdentityToken",
	"AuthorizationPendingException":  "of CreateToken, which is not here",
	"InvalidClientMetadataException": "of RegisterClient, which is not here",
	"InvalidRedirectUriException":    "of RegisterClient, which is not here",
	"InternalServerException":        "a bug",
}

// general are errors that every operation of the query protocol can have (STS API, "Common Errors").
var general = []string{"AccessDenied", "ExpiredToken", "IncompleteSignature", "InvalidAction", "InvalidClientTokenId",
	"InvalidParameterValue", "MissingAuthenticationToken",
	"SignatureDoesNotMatch", "Throttling", "ValidationError"}

// Each operation of sts and sso-oidc is called by the SDK in some test of these folders, and each of their errors is
// demanded by one.
func TestEveryOperationAndErrorOfTokensHasACase(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, folder := range []string{".", "../sts", "../../signin", "../../world"} {
		for _, name := range worldtest.Must[[]string](t)(filepath.Glob(filepath.Join(folder, "*_test.go"))) {
			if name != "cases_test.go" {
				text.Write(worldtest.Must[[]byte](t)(os.ReadFile(name)))
			}
		}
	}
	tests := text.String()
	services := 0
	for _, s := range worldtest.Start(t).Server.Rows() {
		if s.Wire.Name != "sts" && s.Wire.Name != "ssooidc" {
			continue
		}
		services++
		for _, r := range s.Rows {
			if !regexp.MustCompile(`\.` + r.Meta.Name + `\(`).MatchString(tests) {
				t.Errorf("%s has no case", r.Meta.Name)
			}
		}
		codes := slices.Sorted(maps.Keys(s.Wire.Errors))
		if s.Wire.Name == "sts" {
			codes = append(codes, general...)
		}
		for _, code := range codes {
			why, none := noCase[code]
			if has := strings.Contains(tests, `"`+code+`"`); has == none {
				t.Errorf("%s of %s: a case is there: %v; why there is none: %q", code, s.Wire.Name, has, why)
			}
		}
	}
	if services != 2 {
		t.Errorf("%d services were looked at", services)
	}
}
