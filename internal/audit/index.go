package audit

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"sort"
)

// An index is a file beside a full file. It says where the events with an attribute are. It consists of blocks with
// checksums: a head, the file's events by key, and their attributes by hash. It can always be made again from the file.
//
//	head │ entry entry … │ post post …
const (
	blockSize  = 4096
	blockSum   = 4
	entrySize  = 28
	postSize   = 12
	inBlock    = blockSize - blockSum
	entriesPer = inBlock / entrySize
	postsPer   = inBlock / postSize
	indexMagic = "granary audit 1\n"
)

// errTorn is the error of an index that is incomplete or belongs to another file.
var errTorn = errors.New("the index of an audit file is torn")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type head struct {
	span
	entries, posts int
	logSize        int64
}

func blocks(n, per int) int { return (n + per - 1) / per }

func (h *head) size() int64 {
	return blockSize * int64(1+blocks(h.entries, entriesPer)+blocks(h.posts, postsPer))
}

// writeIndex writes the index of a full file and returns its size in bytes.
func writeIndex(path string, t *tail, logSize int64) (size int64, err error) {
	order := make([]int, len(t.entries))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return t.entries[a].key.compare(t.entries[b].key) })
	place := make([]uint32, len(order))
	for i, old := range order {
		place[old] = uint32(i)
	}
	posts := make([]post, len(t.posts))
	for i, p := range t.posts {
		posts[i] = post{p.hash, place[p.at]}
	}
	slices.SortFunc(posts, func(a, b post) int {
		if a.hash != b.hash {
			if a.hash < b.hash {
				return -1
			}
			return 1
		}
		return int(a.at) - int(b.at)
	})
	h := head{t.span(), len(t.entries), len(posts), logSize}
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(path + ".new")
		}
	}()
	w := &blockWriter{w: bufio.NewWriterSize(f, 64<<10)}
	w.put(h.bytes())
	w.flush()
	for _, i := range order {
		w.room(entrySize)
		w.put(t.entries[i].bytes())
	}
	w.flush()
	for _, p := range posts {
		w.room(postSize)
		w.put(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(nil, p.hash), p.at))
	}
	w.flush()
	if err := errors.Join(w.err, w.w.Flush(), f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	return h.size(), os.Rename(path+".new", path)
}

type blockWriter struct {
	w   *bufio.Writer
	b   [blockSize]byte
	n   int
	err error
}

func (w *blockWriter) put(b []byte) { w.n += copy(w.b[w.n:inBlock], b) }

// room ends the block when it has not so much room left.
func (w *blockWriter) room(n int) {
	if w.n+n > inBlock {
		w.flush()
	}
}

func (w *blockWriter) flush() {
	if w.n == 0 {
		return
	}
	clear(w.b[w.n:inBlock])
	binary.LittleEndian.PutUint32(w.b[inBlock:], crc32.Checksum(w.b[:inBlock], castagnoli))
	if _, err := w.w.Write(w.b[:]); err != nil && w.err == nil {
		w.err = err
	}
	w.n = 0
}

func (h *head) bytes() []byte {
	b := []byte(indexMagic)
	b = append(append(b, h.first[:]...), h.last[:]...)
	b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, h.from), h.to)
	b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, uint32(h.entries)), uint32(h.posts))
	return binary.LittleEndian.AppendUint64(b, uint64(h.logSize))
}

func (e *entry) bytes() []byte {
	b := append([]byte(nil), e.key[:]...)
	b = binary.LittleEndian.AppendUint32(b, e.offset)
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, e.size), e.time)
}

// indexFile is an index that is open for reading.
type indexFile struct {
	head
	f               *os.File
	entryAt, postAt int // the blocks in memory, counted from 1
	entryBlock      [blockSize]byte
	postBlock       [blockSize]byte
	reads           int
}

// openIndex opens the index of a file that has this size. It fails with errTorn when the index is incomplete or
// belongs to another file.
func openIndex(path string, logSize int64) (*indexFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	x := &indexFile{f: f}
	st, err := f.Stat()
	if err == nil {
		err = x.block(0, &x.entryBlock)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	b := x.entryBlock[:]
	if string(b[:len(indexMagic)]) != indexMagic {
		f.Close()
		return nil, errTorn
	}
	b = b[len(indexMagic):]
	copy(x.first[:], b)
	copy(x.last[:], b[16:])
	u := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	x.from, x.to, x.entries, x.posts = u(32), u(36), int(u(40)), int(u(44))
	x.logSize = int64(binary.LittleEndian.Uint64(b[48:]))
	if x.logSize != logSize || x.size() != st.Size() {
		f.Close()
		return nil, errTorn
	}
	return x, nil
}

func (x *indexFile) close() { x.f.Close() }

// block reads a block and verifies its checksum.
func (x *indexFile) block(n int, into *[blockSize]byte) error {
	x.reads++
	if _, err := x.f.ReadAt(into[:], int64(n)*blockSize); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return errTorn
		}
		return err
	}
	if crc32.Checksum(into[:inBlock], castagnoli) != binary.LittleEndian.Uint32(into[inBlock:]) {
		return errTorn
	}
	return nil
}

func (x *indexFile) entry(i int) (e entry, err error) {
	n := 1 + i/entriesPer
	if x.entryAt != n {
		x.entryAt = 0
		if err := x.block(n, &x.entryBlock); err != nil {
			return e, err
		}
		x.entryAt = n
	}
	b := x.entryBlock[i%entriesPer*entrySize:]
	copy(e.key[:], b)
	e.offset, e.size, e.time = binary.LittleEndian.Uint32(b[16:]), binary.LittleEndian.Uint32(b[20:]),
		binary.LittleEndian.Uint32(b[24:])
	return e, nil
}

func (x *indexFile) post(i int) (p post, err error) {
	n := 1 + blocks(x.entries, entriesPer) + i/postsPer
	if x.postAt != n {
		x.postAt = 0
		if err := x.block(n, &x.postBlock); err != nil {
			return p, err
		}
		x.postAt = n
	}
	b := x.postBlock[i%postsPer*postSize:]
	return post{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])}, nil
}

// seek returns the position of the last post of a hash whose event has a key below the bound. The posts before it are
// older.
func (x *indexFile) seek(hash uint64, bound key) (int, error) {
	var failed error
	limit := sort.Search(x.entries, func(i int) bool {
		e, err := x.entry(i)
		failed = errors.Join(failed, err)
		return err != nil || e.key.compare(bound) >= 0
	})
	pos := sort.Search(x.posts, func(i int) bool {
		p, err := x.post(i)
		failed = errors.Join(failed, err)
		return err != nil || p.hash > hash || p.hash == hash && int(p.at) >= limit
	})
	if failed != nil && errors.Is(failed, errTorn) {
		failed = errTorn
	}
	return pos - 1, failed
}

// maxLegacy is the longest line that is read from files of earlier releases, in bytes.
const maxLegacy = 16 << 20

// scan reads the events of a file, up to the last complete line.
func scan(path string) (*tail, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	t, at := &tail{}, int64(0)
	r := bufio.NewReaderSize(f, 64<<10)
	var long []byte
	for {
		line, err := r.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			if long = append(long, line...); len(long) > maxLegacy {
				return nil, 0, fmt.Errorf("%s has a line of more than %d bytes", path, maxLegacy)
			}
			continue
		}
		if err == io.EOF {
			return t, at, nil
		}
		if err != nil {
			return nil, 0, err
		}
		if long != nil {
			line, long = append(long, line...), nil
		}
		var e Event
		if json.Unmarshal(line, &e) == nil {
			rec := recordOf(&e, line)
			t.add(&rec, at)
		}
		at += int64(len(line))
	}
}
