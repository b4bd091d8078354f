package ssooidc_test

import (
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"granary/internal/world"
	"granary/internal/worldtest"
)

// A sign-in that is exchanged while the person is deactivated is refused, or its session ends as those before did:
// activated again, the person signs in anew.
func TestNoSessionOutlivesADeactivationThatItRacesWith(t *testing.T) {
	ctx := t.Context()
	c := worldtest.SettleTokens(t)
	refreshed := 0
	for range 25 {
		var mu sync.Mutex
		var kept []*string
		var all sync.WaitGroup
		begin := make(chan struct{})
		for range 12 {
			token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
			all.Go(func() {
				<-begin
				out, err := c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer),
					Assertion: &token})
				if err == nil {
					mu.Lock()
					kept = append(kept, out.RefreshToken)
					mu.Unlock()
				}
			})
		}
		all.Go(func() {
			<-begin
			if err := c.SetActive(ctx, worldtest.Alice, false); err != nil {
				t.Error(err)
			}
		})
		close(begin)
		all.Wait()
		if err := c.SetActive(ctx, worldtest.Alice, true); err != nil {
			t.Fatal(err)
		}
		for _, token := range kept {
			if _, err := c.Refresh(ctx, token); err == nil {
				t.Fatal("a session from before the deactivation was refreshed after it")
			}
			refreshed++
		}
	}
	if refreshed < 10 {
		t.Errorf("only %d exchanges came before a deactivation: the test proves little", refreshed)
	}
}
