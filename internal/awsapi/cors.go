package awsapi

import (
	"net/http"
	"slices"

	"granary"
	"granary/internal/cause"
)

// answerBrowser lets browsers call either plane from the origins, any when there are none: requests are signed, never
// carried by cookies. It sets in.CORS, and reports whether the request was a preflight, which needs no other answer, or
// why it is refused.
func (d *Door) answerBrowser(in *Inbound) (answered bool, err error) {
	r, origins := in.HTTP, d.Origins
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false, nil
	}
	preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	h := in.CORS
	allowed := "*"
	if len(origins) > 0 {
		h.Add("Vary", "Origin")
		if !slices.Contains(origins, origin) {
			if preflight {
				err = granary.Errorf(granary.Denied, "The origin %s is none that cors.origins names.", origin).
					At(cause.RequestOrigin)
			}
			return false, err
		}
		allowed = origin
	}
	h.Set("Access-Control-Allow-Origin", allowed)
	h.Set("Access-Control-Expose-Headers", "ETag, Content-Range, x-amz-request-id, x-amz-id-2, x-amz-bucket-region, "+
		"x-amzn-RequestId, x-granary-decision-id")
	if !preflight {
		return false, nil
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, DELETE")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
		h.Add("Vary", "Access-Control-Request-Headers")
	}
	h.Set("Access-Control-Max-Age", "3600")
	return true, nil
}
