package seal

import (
	"strings"

	"granary"
)

const refusalPrefix = "aod"

// maxRefusal limits each text of a sealed refusal, in bytes, so that the decision id fits into a header.
const maxRefusal = 256

// truncate cuts a text to maxRefusal bytes, between two characters.
func truncate(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxRefusal)], "") }

// SealRefusal returns the decision id of a refusal that is recorded nowhere else: the refusal itself, sealed. Long
// texts are cut.
func SealRefusal(r *Ring, f *granary.Refusal) string {
	var w writer
	w.putTime(f.At)
	for _, s := range []string{f.Service, f.Operation, f.Code, f.Message, string(f.Link), f.Cause, f.KeyID, f.Bucket,
		f.Key, f.RequestID, f.SourceAddr, string(f.Application)} {
		w.putText(truncate(s))
	}
	return sealOpaque(r, refusalPrefix, &w)
}

// OpenRefusal opens a decision id that SealRefusal made.
func OpenRefusal(r *Ring, id string) (*granary.Refusal, error) {
	rd, err := openOpaque(r, refusalPrefix, id)
	if err != nil {
		return nil, err
	}
	f := &granary.Refusal{At: rd.readTime(), Service: rd.readText(), Operation: rd.readText(), Code: rd.readText(),
		Message: rd.readText(),
		Link:    granary.Link(rd.readText()), Cause: rd.readText(),
		KeyID: rd.readText(), Bucket: rd.readText(), Key: rd.readText(), RequestID: rd.readText(), SourceAddr: rd.readText(),
		Application: granary.ARN(rd.readText())}
	return f, rd.finish()
}
