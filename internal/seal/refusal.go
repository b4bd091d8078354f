package seal

import (
	"strings"

	"granary"
)

const refusalPrefix = "aod"

// maxRefusal keeps the texts of a sealed refusal short enough for a header, in bytes.
const maxRefusal = 256

func brief(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxRefusal)], "") }

// SealRefusal makes the decision id of a refusal that is recorded nowhere else.
func SealRefusal(r *Ring, f *granary.Refusal) string {
	var w writer
	w.time(f.At)
	for _, s := range []string{f.Service, f.Operation, f.Code, f.Message, f.Link, f.Cause, f.KeyID, f.Bucket, f.Key, f.RequestID, f.SourceAddr, string(f.Application)} {
		w.text(brief(s))
	}
	return sealOpaque(r, refusalPrefix, &w)
}

// OpenRefusal opens one.
func OpenRefusal(r *Ring, id string) (*granary.Refusal, error) {
	rd, err := openOpaque(r, refusalPrefix, id)
	if err != nil {
		return nil, err
	}
	f := &granary.Refusal{At: rd.time(), Service: rd.text(), Operation: rd.text(), Code: rd.text(), Message: rd.text(), Link: rd.text(), Cause: rd.text(),
		KeyID: rd.text(), Bucket: rd.text(), Key: rd.text(), RequestID: rd.text(), SourceAddr: rd.text(), Application: granary.ARN(rd.text())}
	return f, rd.end()
}
