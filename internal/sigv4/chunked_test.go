package sigv4

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"granary"
)

func vectorAuth(payload, seed string) (*Auth, []byte) {
	a := &Auth{Date: "20130524", Region: "us-east-1", Service: "s3", PayloadHash: payload, signature: seed,
		Time: time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)}
	return a, SigningKey("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", a.Date, a.Region, a.Service)
}

// frames are AWS's published chunks of 66560 bytes "a".
func frames(signatures [3]string, trailer string) string {
	var b strings.Builder
	for i, n := range []int{65536, 1024, 0} {
		fmt.Fprintf(&b, "%x;chunk-signature=%s\r\n", n, signatures[i])
		if n > 0 {
			b.WriteString(strings.Repeat("a", n) + "\r\n")
		}
	}
	return b.String() + trailer + "\r\n"
}

const (
	plainSeed   = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
	trailerSeed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
)

var (
	plainChunks = [3]string{"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
		"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
		"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"}
	trailerChunks = [3]string{"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
		"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
		"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"}
	trailerText = "x-amz-checksum-crc32c:sOO8/Q==\r\n" +
		"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"
)

func decode(payload, seed, body string, length int64, announced ...string) (string, error) {
	a, key := vectorAuth(payload, seed)
	b, err := io.ReadAll(a.NewChunked(iotest.HalfReader(strings.NewReader(body)), key, length, announced))
	return string(b), err
}

func TestAWSsChunkedVectors(t *testing.T) {
	want := strings.Repeat("a", 66560)
	if got, err := decode(StreamingSigned, plainSeed, frames(plainChunks, ""), 66560); err != nil || got != want {
		t.Errorf("signed: %d bytes, %v", len(got), err)
	}
	if got, err := decode(StreamingSignedTrailer, trailerSeed, frames(trailerChunks, trailerText), 66560,
		"x-amz-checksum-crc32c"); err != nil || got != want {
		t.Errorf("signed with a trailer: %d bytes, %v", len(got), err)
	}
	body := "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"
	a, _ := vectorAuth(StreamingUnsigned, "")
	c := a.NewChunked(iotest.OneByteReader(strings.NewReader(body)), nil, 11, []string{"X-Amz-Checksum-Crc32"})
	got, err := io.ReadAll(c)
	if err != nil || string(got) != "hello world" || c.Trailer()["x-amz-checksum-crc32"] != "DUoRhQ==" {
		t.Errorf("unsigned: %q %v %v", got, err, c.Trailer())
	}
}

func TestBrokenFramesAreRefused(t *testing.T) {
	plain := frames(plainChunks, "")
	swap := func(old, new string) string { return strings.Replace(plain, old, new, 1) }
	for name, x := range map[string]struct {
		payload, seed, body string
		length              int64
		announced           []string
		code                string
	}{
		"changed data": {StreamingSigned, plainSeed, swap("aaaa", "aaba"), 66560, nil, "SignatureDoesNotMatch"},
		"other seed":   {StreamingSigned, trailerSeed, plain, 66560, nil, "SignatureDoesNotMatch"},
		"last one unsigned": {StreamingSigned, plainSeed, swap(plainChunks[2], plainChunks[1]), 66560, nil,
			"SignatureDoesNotMatch"},
		"cut off": {StreamingSigned, plainSeed, plain[:70000-5000], 66560, nil, "IncompleteBody"},
		"no last chunk": {StreamingSigned, plainSeed, plain[:strings.LastIndex(plain, "0;chunk")], 66560, nil,
			"IncompleteBody"},
		"longer than said":   {StreamingSigned, plainSeed, plain, 66559, nil, "IncompleteBody"},
		"shorter than said":  {StreamingSigned, plainSeed, plain, 66561, nil, "IncompleteBody"},
		"more after the end": {StreamingSigned, plainSeed, plain + "x", 66560, nil, "InvalidRequest"},
		"no signature":       {StreamingSigned, plainSeed, "b\r\nhello world\r\n0\r\n\r\n", 11, nil, "InvalidRequest"},
		"signature in vain": {StreamingUnsigned, "", "b;chunk-signature=x\r\nhello world\r\n0\r\n\r\n", 11, nil,
			"InvalidRequest"},
		"negative size":      {StreamingUnsigned, "", "-b\r\nhello world\r\n0\r\n\r\n", 11, nil, "InvalidRequest"},
		"0x size":            {StreamingUnsigned, "", "0xb\r\nhello world\r\n0\r\n\r\n", 11, nil, "InvalidRequest"},
		"bare newline":       {StreamingUnsigned, "", "b\nhello world\r\n0\r\n\r\n", 11, nil, "InvalidRequest"},
		"no CRLF after data": {StreamingUnsigned, "", "b\r\nhello worldXX0\r\n\r\n", 11, nil, "InvalidRequest"},
		"trailer missing": {StreamingUnsigned, "", "b\r\nhello world\r\n0\r\n\r\n", 11, []string{"x-amz-checksum-crc32"},
			"MalformedTrailerError"},
		"trailer unannounced": {StreamingUnsigned, "", "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:a\r\n\r\n", 11, nil,
			"MalformedTrailerError"},
		"trailer forged": {StreamingSignedTrailer, trailerSeed, strings.Replace(frames(trailerChunks, trailerText), "sOO8",
			"sOO9", 1), 66560,
			[]string{"x-amz-checksum-crc32c"}, "SignatureDoesNotMatch"},
	} {
		_, err := decode(x.payload, x.seed, x.body, x.length, x.announced...)
		if err == nil || granary.AsError(err).Code != x.code {
			t.Errorf("%s: %v, want %s", name, err, x.code)
		}
	}
}

func FuzzChunked(f *testing.F) {
	f.Add([]byte("b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"), int64(11))
	f.Fuzz(func(t *testing.T, body []byte, length int64) {
		for _, p := range []string{StreamingUnsigned, StreamingSigned, StreamingSignedTrailer} {
			a, key := vectorAuth(p, plainSeed)
			n, err := io.Copy(io.Discard, a.NewChunked(bytes.NewReader(body), key, length, []string{"x-amz-checksum-crc32"}))
			if err == nil && n != length {
				t.Fatalf("%d bytes were decoded of %d, without an error", n, length)
			}
			if err != nil && granary.AsError(err).Kind == granary.Internal {
				t.Fatal(err)
			}
		}
	})
}

// A signed chunk may be large, and is not held in memory until its signature is verified.
func TestALargeSignedChunkIsNotHeld(t *testing.T) {
	a, key := vectorAuth(StreamingSigned, plainSeed)
	half := strings.Repeat("a", 8<<20)
	c := a.NewChunked(io.MultiReader(strings.NewReader("1000000;chunk-signature="+strings.Repeat("0", 64)+"\r\n"),
		strings.NewReader(half)), key, 16<<20, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := io.Copy(io.Discard, struct{ io.Reader }{c})
	runtime.ReadMemStats(&after)
	if n != 8<<20 || granary.AsError(err).Code != "IncompleteBody" {
		t.Errorf("%d bytes, then %v", n, err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("reading 8 MiB of a chunk of 16 MiB took %d bytes", took)
	}
}
