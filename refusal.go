package granary

import "time"

// Refusal is a note about a refused request that is not in the audit log: its sender proved nothing, or the log is
// short of room. The note is sealed into the decision id of the answer, and stored nowhere.
type Refusal struct {
	At          time.Time
	Service     string // "sts", "s3", "scim"
	Operation   string // "" when the request names none
	Code        string // the answer's error code
	Message     string
	Link        Link   // that broke
	Cause       string // the name of the cause
	KeyID       string // the access key id that the request claims; "" when it claims none
	Bucket      string
	Key         string
	Application ARN // the application of a browser sign-in; "" when it is not known
	RequestID   string
	SourceAddr  string
}
