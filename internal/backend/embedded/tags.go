package embedded

import (
	"context"
	"encoding/json"

	"granary/internal/backend"
	"granary/internal/sqlite"
)

// SetTags gives an object other tags. Nothing else of it changes.
func (s *Store) SetTags(ctx context.Context, t *backend.SetTags) error {
	return s.update(ctx, func(tx *sqlite.Tx) error {
		if err := bucketExists(tx, t.Bucket); err != nil {
			return err
		}
		o, err := scanObject(tx.Row(selectObject, t.Bucket, []byte(t.Key)), t.Key)
		if err != nil {
			return err
		}
		if t.Check != nil {
			if err := t.Check(&o.Object); err != nil {
				return err
			}
		}
		o.Tags = t.Tags
		doc, err := json.Marshal(o)
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE object SET doc = $3 WHERE bucket = $1 AND key = $2", t.Bucket, []byte(t.Key), string(doc))
		return err
	})
}
