package awsapi

import (
	"net/http"
	"slices"

	"granary"
)

// cors lets browsers call either plane from the origins, any when there are none: requests are signed, never carried by cookies.
// It answers a preflight itself and reports that it did, or why it is refused.
func cors(w http.ResponseWriter, r *http.Request, origins []string) (answered bool, err error) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false, nil
	}
	preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	h := w.Header()
	allowed := "*"
	if len(origins) > 0 {
		h.Add("Vary", "Origin")
		if !slices.Contains(origins, origin) {
			if preflight {
				err = granary.Errorf(granary.Denied, "The origin %s is none that cors.origins names.", origin).At("request", "origin")
			}
			return false, err
		}
		allowed = origin
	}
	h.Set("Access-Control-Allow-Origin", allowed)
	h.Set("Access-Control-Expose-Headers", "ETag, Content-Range, x-amz-request-id, x-amz-id-2, x-amz-bucket-region, x-amzn-RequestId, x-granary-decision-id")
	if !preflight {
		return false, nil
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, DELETE")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
		h.Add("Vary", "Access-Control-Request-Headers")
	}
	h.Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusNoContent)
	return true, nil
}
