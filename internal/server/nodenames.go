package server

import (
	"encoding/json"
	"strings"
)

// nodeOptions makes Node.js find the names below a domain of this machine. Node heeds no HTTP_PROXY, and most resolvers
// know neither granary.localhost nor what stands before it, though RFC 6761 says that all such names are this machine.
// The value is for NODE_OPTIONS: a module of one line, which is part of the value and so is nowhere to be found
// missing.
func nodeOptions(domain string) string {
	name, err := json.Marshal(strings.ToLower(domain))
	if err != nil {
		return ""
	}
	module := `import dns from "node:dns";const l=dns.lookup,d=` + string(name) +
		`;dns.lookup=(h,...a)=>l(h===d||String(h).endsWith("."+d)?"127.0.0.1":h,...a)`
	return "--import=data:text/javascript," + escapeAll(module)
}

// escapeAll escapes everything but letters and digits as a URL does, so that no shell and no reader of files changes
// it.
func escapeAll(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(text) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + string(hex[c>>4]) + string(hex[c&15]))
	}
	return b.String()
}
