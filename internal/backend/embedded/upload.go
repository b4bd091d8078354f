package embedded

import (
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"granary"
	"granary/internal/backend"
	"granary/internal/sqlite"
)

// part is a part as the index keeps it.
type part struct {
	backend.Part
	Segments []segment
}

const minPart = 5 << 20 // bytes; of every part but the last

// CreateUpload begins an upload.
func (s *Store) CreateUpload(ctx context.Context, u *backend.Upload) error {
	u.ID = granary.Hex(48)
	doc, err := json.Marshal(u)
	if err != nil {
		return err
	}
	return s.update(ctx, func(tx *sqlite.Tx) error {
		if err := bucketExists(tx, u.Bucket); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO upload (bucket, key, id, doc) VALUES ($1, $2, $3, $4)", u.Bucket, []byte(u.Key), u.ID,
			string(doc))
		return err
	})
}

func getUpload(tx *sqlite.Tx, bucket, key, id string) (*backend.Upload, error) {
	var doc string
	err := tx.Row("SELECT doc FROM upload WHERE bucket = $1 AND key = $2 AND id = $3", bucket, []byte(key), id).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, backend.NoUpload()
	}
	if err != nil {
		return nil, err
	}
	u := &backend.Upload{}
	return u, json.Unmarshal([]byte(doc), u)
}

// Upload looks an upload up.
func (s *Store) Upload(ctx context.Context, bucket, key, id string) (u *backend.Upload, err error) {
	err = s.engine.View(ctx, func(tx *sqlite.Tx) error {
		u, err = getUpload(tx, bucket, key, id)
		return err
	})
	return u, err
}

func scanPart(row *sql.Row) (*part, error) {
	var doc string
	if err := row.Scan(&doc); err != nil {
		return nil, err
	}
	p := &part{}
	return p, json.Unmarshal([]byte(doc), p)
}

// PutPart writes a part, in the place of one of its number.
func (s *Store) PutPart(ctx context.Context, in *backend.PutPart) (*backend.Part, error) {
	if _, err := s.Upload(ctx, in.Bucket, in.Key, in.ID); err != nil {
		return nil, err // before the bytes are taken in
	}
	w, err := s.write(in.Body, in.Size)
	if err != nil {
		return nil, err
	}
	p := &part{Part: backend.Part{Number: in.Number, Size: w.Size, ETag: w.etag, Modified: in.Now}}
	if !w.empty {
		p.Segments = []segment{w.segment}
	}
	if in.Verified != nil {
		p.Checksums = in.Verified()
	}
	err = s.update(ctx, func(tx *sqlite.Tx) error {
		if err := s.adopt(tx, w); err != nil {
			return err
		}
		return s.putPart(tx, in.Bucket, in.Key, in.ID, p, references{})
	})
	if err != nil {
		s.discard(w)
		return nil, err
	}
	return &p.Part, nil
}

// putPart puts a part in the place of one of its number, whose contents it lets go. change is what the caller has to
// count besides.
func (s *Store) putPart(tx *sqlite.Tx, bucket, key, id string, p *part, change references) error {
	if _, err := getUpload(tx, bucket, key, id); err != nil {
		return err
	}
	have, err := scanPart(tx.Row("SELECT doc FROM part WHERE upload = $1 AND number = $2", id, p.Number))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	more := len(p.Segments)
	if have != nil {
		more -= len(have.Segments)
		change.add(have.Segments, -1)
	}
	var total int
	err = tx.Row("UPDATE upload SET segments = segments + $4 WHERE bucket = $1 AND key = $2 AND id = $3 RETURNING "+
		"segments", bucket, []byte(key), id, more).Scan(&total)
	if err == nil && total > maxSegments && more > 0 {
		err = errSegments
	}
	if err != nil {
		return err
	}
	doc, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("INSERT INTO part (upload, number, doc) VALUES ($1, $2, $3) ON CONFLICT (upload, number) DO "+
		"UPDATE SET doc = $3", id, p.Number, string(doc)); err != nil {
		return err
	}
	return s.count(tx, change)
}

// CopyPart makes a part of an object's bytes. Its ETag is not their MD5, which would have to be computed: it only has
// to be told again when the upload is completed.
func (s *Store) CopyPart(ctx context.Context, in *backend.CopyPart) (*backend.Part, error) {
	p := &part{Part: backend.Part{Number: in.Number, Modified: in.Now}}
	err := s.update(ctx, func(tx *sqlite.Tx) error {
		from, err := scanObject(tx.Row(selectObject, in.FromBucket, []byte(in.FromKey)), in.FromKey)
		if err != nil {
			return err
		}
		if in.Check != nil {
			if err := in.Check(&from.Object); err != nil {
				return err
			}
		}
		first, last := in.First, in.Last
		if last < 0 {
			first, last = 0, from.Size-1
		}
		if last >= from.Size || first > last+1 {
			return granary.Errorf(granary.Invalid, "Range specified is not valid for source object of size: %d", from.Size).
				WithCode("InvalidRange")
		}
		p.Segments = cutSegments(from.Segments, first, last)
		p.Size = last - first + 1
		sum := md5.Sum(fmt.Appendf(nil, "%s %d %d", from.ETag, first, last))
		p.ETag = hex.EncodeToString(sum[:])
		return s.putPart(tx, in.Bucket, in.Key, in.ID, p, shared(p.Segments))
	})
	if err != nil {
		return nil, err
	}
	return &p.Part, nil
}

// cutSegments are the pieces that hold the bytes from first to last.
func cutSegments(list []segment, first, last int64) (out []segment) {
	var at int64
	for _, g := range list {
		from, to := max(first, at), min(last, at+g.Size-1)
		if from <= to {
			out = append(out, segment{g.ID, g.Offset + from - at, to - from + 1, g.Inline})
		}
		at += g.Size
	}
	return out
}

// Complete makes the object of the parts the client names, and removes the upload.
func (s *Store) Complete(ctx context.Context, c *backend.Complete) (*backend.Object, error) {
	var o *object
	err := s.update(ctx, func(tx *sqlite.Tx) error {
		u, err := getUpload(tx, c.Bucket, c.Key, c.ID)
		if err != nil {
			return err
		}
		parts, err := s.chosen(tx, c)
		if err != nil {
			return err
		}
		o = &object{Object: backend.Object{Key: c.Key, Modified: c.Now, Attributes: u.Attributes}}
		sum := md5.New()
		for _, p := range parts {
			digest, _ := hex.DecodeString(p.ETag) // ours
			sum.Write(digest)
			o.Size += p.Size
			o.Segments = append(o.Segments, p.Segments...)
			o.Parts = append(o.Parts, p.Size)
		}
		o.ETag = fmt.Sprintf("%s-%d", hex.EncodeToString(sum.Sum(nil)), len(parts))
		if err := whole(o, u, c, parts); err != nil {
			return err
		}
		if len(o.Segments) > maxSegments {
			return errSegments // of an upload from before the limit
		}
		// The object takes over what the parts are made of: only what the client left out of the object is let go.
		change := shared(o.Segments)
		if err := s.dropUpload(tx, c.Bucket, c.Key, c.ID, change); err != nil {
			return err
		}
		return s.replace(tx, c.Bucket, o, c.Conditions, change)
	})
	if err != nil {
		return nil, err
	}
	return &o.Object, nil
}

// chosen reads the parts, which must be those that were uploaded, in order, and large enough.
func (s *Store) chosen(tx *sqlite.Tx, c *backend.Complete) (out []*part, err error) {
	for i, want := range c.Parts {
		if i > 0 && want.Number <= c.Parts[i-1].Number {
			return nil, granary.Errorf(granary.Invalid, "The list of parts was not in ascending order. Parts must be ordered "+
				"by part number.").WithCode("InvalidPartOrder")
		}
		p, err := scanPart(tx.Row("SELECT doc FROM part WHERE upload = $1 AND number = $2", c.ID, want.Number))
		bad := errors.Is(err, sql.ErrNoRows)
		if err != nil && !bad {
			return nil, err
		}
		if !bad {
			bad = p.ETag != want.ETag
			for algorithm, v := range want.Checksums {
				bad = bad || p.Checksums[algorithm] != v
			}
		}
		if bad {
			return nil, granary.Errorf(granary.Invalid, "One or more of the specified parts could not be found. The part may "+
				"not have been uploaded, or the specified entity tag may not match the part's entity tag.").
				WithCode("InvalidPart").With("PartNumber", fmt.Sprint(want.Number))
		}
		if i < len(c.Parts)-1 && p.Size < minPart {
			return nil, granary.Errorf(granary.Invalid, "Your proposed upload is smaller than the minimum allowed size").
				WithCode("EntityTooSmall").
				With("PartNumber", fmt.Sprint(want.Number)).With("MinSizeAllowed", fmt.Sprint(minPart)).With("ProposedSize",
				fmt.Sprint(p.Size))
		}
		out = append(out, p)
	}
	return out, nil
}

// dropUpload removes an upload and its parts. What they were made of is let go in change, which the caller counts.
func (s *Store) dropUpload(tx *sqlite.Tx, bucket, key, id string, change references) error {
	err := tx.Each("SELECT doc FROM part WHERE upload = $1", []any{id}, func(r *sql.Rows) error {
		var doc string
		if err := r.Scan(&doc); err != nil {
			return err
		}
		var p part
		err := json.Unmarshal([]byte(doc), &p)
		change.add(p.Segments, -1)
		return err
	})
	if err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM part WHERE upload = $1", id); err != nil {
		return err
	}
	_, err = tx.Exec("DELETE FROM upload WHERE bucket = $1 AND key = $2 AND id = $3", bucket, []byte(key), id)
	return err
}

// Abort removes an upload and its parts.
func (s *Store) Abort(ctx context.Context, bucket, key, id string) error {
	return s.update(ctx, func(tx *sqlite.Tx) error {
		if _, err := getUpload(tx, bucket, key, id); err != nil {
			return err
		}
		change := references{}
		if err := s.dropUpload(tx, bucket, key, id, change); err != nil {
			return err
		}
		return s.count(tx, change)
	})
}

// ListParts pages through an upload's parts by number.
func (s *Store) ListParts(ctx context.Context, bucket, key, id string, after, limit int) (parts []backend.Part,
	more bool, err error) {
	err = s.engine.View(ctx, func(tx *sqlite.Tx) error {
		if _, err := getUpload(tx, bucket, key, id); err != nil {
			return err
		}
		return tx.Each("SELECT doc FROM part WHERE upload = $1 AND number > $2 ORDER BY number LIMIT $3",
			[]any{id, after, limit + 1}, func(r *sql.Rows) error {
				var doc string
				if err := r.Scan(&doc); err != nil {
					return err
				}
				if len(parts) == limit {
					more = true
					return nil
				}
				var p part
				err := json.Unmarshal([]byte(doc), &p)
				parts = append(parts, p.Part)
				return err
			})
	})
	return parts, more, err
}

// ListUploads pages through a bucket's uploads by key, then id. Uploads are few: each is looked at.
func (s *Store) ListUploads(ctx context.Context, l backend.List) (*backend.Page, error) {
	p := &backend.Page{}
	w := newWalk(l)
	err := s.engine.View(ctx, func(tx *sqlite.Tx) error {
		if err := bucketExists(tx, l.Bucket); err != nil {
			return err
		}
		id := l.AfterID
		if l.After != "" && id == "" {
			id = "~" // greater than every id: uploads of the key itself are not wanted
		}
		return tx.Each("SELECT doc FROM upload WHERE bucket = $1 AND (key, id) > ($2, $3) ORDER BY key, id",
			[]any{l.Bucket, []byte(l.After), id}, func(r *sql.Rows) error {
				var doc string
				if err := r.Scan(&doc); err != nil {
					return err
				}
				u := &backend.Upload{}
				if err := json.Unmarshal([]byte(doc), u); err != nil {
					return err
				}
				told, isPrefix := w.common(u.Key)
				if w.done || !strings.HasPrefix(u.Key, l.Prefix) || isPrefix && (told == w.last || told == l.After) {
					return nil
				}
				if len(p.Uploads)+len(p.Prefixes) == l.Limit {
					p.More, w.done = true, true
					return nil
				}
				if isPrefix {
					p.Prefixes = append(p.Prefixes, told)
					p.Next, p.NextID, w.last = told, "", told
					return nil
				}
				p.Uploads = append(p.Uploads, u)
				p.Next, p.NextID = u.Key, u.ID
				return nil
			})
	})
	return p, err
}
