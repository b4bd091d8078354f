package scim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// search is a list whose parameters stand in the body (RFC 7644 §3.4.3).
func (c *call) search(shelves ...*shelf) (answer, error) {
	if c.method != http.MethodPost {
		return answer{}, c.notAllowed("POST")
	}
	body, err := c.payload(ofSearch)
	if err != nil {
		return answer{}, err
	}
	q := url.Values{}
	for k, v := range body {
		name := strings.ToLower(k)
		if !ours[name] || v == nil {
			continue
		}
		switch v := v.(type) {
		case string:
			q.Set(name, v)
		case json.Number:
			q.Set(name, v.String())
		case []any: // attributes and excludedAttributes
			var list []string
			for _, e := range v {
				s, ok := e.(string)
				if !ok {
					return answer{}, invalid("invalidValue", k+" must be a list of texts.")
				}
				list = append(list, s)
			}
			q.Set(name, strings.Join(list, ","))
		default:
			return answer{}, invalid("invalidValue", k+" has a value of a type that it cannot have.")
		}
	}
	if len(shelves) > 1 && q.Has("cursor") {
		return answer{}, invalid("invalidValue", "A search over everything is read by startIndex, not by cursor.")
	}
	c.query = q
	if err := c.choose(); err != nil {
		return answer{}, err
	}
	return c.list(shelves...)
}
