package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"granary/internal/server"
)

// Ask calls one of Granary's own operations on the running server, as the environment's key.
// Its errors are sentences for the person at the command line.
func Ask(ctx context.Context, env server.ClientEnv, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	address := env.Get("HTTP_PROXY") // the door's address, which needs no name to be resolved
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "GranaryV1."+operation)
	hash := sha256.Sum256(body)
	key := aws.Credentials{AccessKeyID: env.Get("AWS_ACCESS_KEY_ID"), SecretAccessKey: env.Get("AWS_SECRET_ACCESS_KEY"), SessionToken: env.Get("AWS_SESSION_TOKEN")}
	if err := v4.NewSigner().SignHTTP(ctx, key, req, hex.EncodeToString(hash[:]), "granary", env.Get("AWS_REGION"), time.Now()); err != nil {
		return err
	}
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{}} // no proxy: the door itself is asked
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the server at %s does not answer; is it running? (granary serve)", address)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		var failed struct{ Message string }
		if json.Unmarshal(text, &failed) != nil || failed.Message == "" {
			return fmt.Errorf("the server answered %s", resp.Status)
		}
		return errors.New(strings.TrimSuffix(failed.Message, "."))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
