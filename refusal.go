package granary

import "time"

// Refusal is what is known of a refused request whose sender proved nothing. Such requests are not in the audit log, which
// anybody could fill with them: they are sealed into the decision id that answers them.
type Refusal struct {
	At          time.Time
	Service     string // "sts", "s3", "scim"
	Operation   string // "" when it was not even found out
	Code        string // of the answer
	Message     string
	Link        string // as of Why
	Cause       string
	KeyID       string // the access key id that was claimed
	Bucket      string
	Key         string
	Application ARN // that a browser was to sign in to; "" when it is not known
	RequestID   string
	SourceAddr  string
}
