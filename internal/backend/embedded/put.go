package embedded

import (
	"context"

	"granary/internal/backend"
	"granary/internal/sqlite"
)

// Put writes an object.
func (s *Store) Put(ctx context.Context, p *backend.Put) (*backend.Object, error) {
	w, err := s.write(p.Body, p.Size)
	if err != nil {
		return nil, err
	}
	o := &object{Object: backend.Object{Key: p.Key, Size: w.Size, ETag: w.etag, Modified: p.Now, Attributes: p.Attributes}}
	if !w.empty {
		o.Segments = []segment{w.segment}
	}
	if p.Verified != nil {
		o.Checksums = p.Verified()
		if len(o.Checksums) > 0 {
			o.ChecksumType = "FULL_OBJECT"
		}
	}
	err = s.update(ctx, func(tx *sqlite.Tx) error {
		if err := s.adopt(tx, w); err != nil {
			return err
		}
		return s.replace(tx, p.Bucket, o, p.Conditions, references{})
	})
	if err != nil {
		s.discard(w)
		return nil, err
	}
	return &o.Object, nil
}
