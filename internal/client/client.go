// Package client is the other side: how programs of ours, the tests and the demo reach a running Granary. AWS's SDK goes through
// the API door as a forward proxy; Granary's own operations and SCIM go straight.
package client

import (
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"granary/internal/server"
)

// Key is an access key, temporary when it has a token. Without an id requests are not signed.
type Key struct{ ID, Secret, Token string }

// Config configures SDK clients for a key, from a server's client environment. They use the API door as a proxy, so that
// account and bucket may stand before its name without any DNS.
func Config(env server.ClientEnv, k Key) aws.Config {
	http := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		proxy, err := url.Parse(env.Get("HTTP_PROXY"))
		t.Proxy = func(*http.Request) (*url.URL, error) { return proxy, err }
		t.MaxIdleConnsPerHost = 256
	})
	c := aws.Config{Region: env.Get("AWS_REGION"), BaseEndpoint: aws.String(env.Get("AWS_ENDPOINT_URL")), HTTPClient: http,
		Credentials: credentials.NewStaticCredentialsProvider(k.ID, k.Secret, k.Token), RetryMaxAttempts: 1}
	if k.ID == "" {
		c.Credentials = aws.AnonymousCredentials{}
	}
	return c
}
