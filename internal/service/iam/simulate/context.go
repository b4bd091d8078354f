package simulate

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	api "granary/internal/api/iam"
)

// checkValues refuses values that are not of the type that the entry gives.
func checkValues(e api.ContextEntry) error {
	kind, list := strings.CutSuffix(e.ContextKeyType, "List")
	if !list && len(e.ContextKeyValues) > 1 {
		return invalid("The context key %s is of the type %s, and has %d values.", e.ContextKeyName, e.ContextKeyType,
			len(e.ContextKeyValues))
	}
	for _, v := range e.ContextKeyValues {
		var err error
		switch kind {
		case "numeric":
			_, err = strconv.ParseFloat(v, 64)
		case "boolean":
			if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
				err = strconv.ErrSyntax
			}
		case "ip":
			if _, err = netip.ParseAddr(v); err != nil {
				_, err = netip.ParsePrefix(v)
			}
		case "date":
			if _, err = strconv.ParseInt(v, 10, 64); err != nil {
				_, err = time.Parse(time.RFC3339Nano, v)
			}
			if err != nil {
				_, err = time.Parse(time.DateOnly, v)
			}
		}
		if err != nil {
			return invalid("The context key %s is of the type %s, and its value %s is not.", e.ContextKeyName, e.ContextKeyType,
				v)
		}
	}
	return nil
}
