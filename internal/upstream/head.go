package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	maxHead    = 64 << 10 // bytes of an answer's head
	maxFields  = 100      // headers of an answer
	maxInterim = 5        // answers of 1xx before the answer
)

// Header is the headers of an answer.
type Header []Field

// Get returns the value of a header, "" when it is not there. Names are compared without regard to case.
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

func appendHead(b []byte, r *Request) []byte {
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\n"...)
	for _, f := range r.Headers {
		b = append(b, f.Name...)
		b = append(b, ": "...)
		b = append(b, f.Value...)
		b = append(b, "\r\n"...)
	}
	if r.Body != nil || r.Method == http.MethodPut || r.Method == http.MethodPost {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, r.Length, 10)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// CheckField returns an error for a header that cannot be sent: its name is no token, or its value has a control
// character (RFC 9110 §5.1, §5.5).
func CheckField(f Field) error {
	if !token(f.Name) {
		return fmt.Errorf("%q cannot be the name of a header", f.Name)
	}
	for i := range len(f.Value) {
		if c := f.Value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return fmt.Errorf("the header %s has a control character", f.Name)
		}
	}
	return nil
}

func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return s != ""
}

// answerHead is the head of an answer.
type answerHead struct {
	status    int
	fields    Header
	length    int64 // -1 when it is not told
	chunked   bool
	keepAlive bool
}

// readHead reads the head of the answer, and passes over heads of 1xx.
func (k *conn) readHead() (answerHead, error) {
	budget := maxHead
	for range maxInterim + 1 {
		h, err := k.readOneHead(&budget)
		if err != nil || h.status >= 200 {
			return h, err
		}
		if h.status == http.StatusSwitchingProtocols {
			break
		}
	}
	return answerHead{}, badAnswer("it sends interim answers only")
}

func badAnswer(why string) error { return fmt.Errorf("%w: %s", ErrAnswer, why) }

func (k *conn) readOneHead(budget *int) (answerHead, error) {
	line, err := k.readLine(budget)
	if err != nil {
		return answerHead{}, err
	}
	h := answerHead{length: -1}
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	if h.status, err = strconv.Atoi(code); err != nil || len(code) != 3 || h.status < 100 || h.status > 599 ||
		version != "HTTP/1.1" && version != "HTTP/1.0" {
		return h, badAnswer("its first line is no status line")
	}
	h.keepAlive = version == "HTTP/1.1"
	for {
		if line, err = k.readLine(budget); err != nil || line == "" {
			return h, err
		}
		name, value, ok := strings.Cut(line, ":")
		f := Field{name, strings.Trim(value, " \t")}
		if !ok || CheckField(f) != nil {
			return h, badAnswer("it has a header that cannot be read")
		}
		if h.fields = append(h.fields, f); len(h.fields) > maxFields {
			return h, badAnswer("it has too many headers")
		}
		if err := h.note(f); err != nil {
			return h, err
		}
	}
}

// note takes what a header says of the connection and of the length of the body. Two parsers must not read it
// differently: what is told twice, or in two ways, is refused (RFC 9112 §6.3).
func (h *answerHead) note(f Field) error {
	switch strings.ToLower(f.Name) {
	case "content-length":
		n, err := strconv.ParseUint(f.Value, 10, 63)
		if err != nil || h.length >= 0 || h.chunked {
			return badAnswer("it does not tell its length")
		}
		h.length = int64(n)
	case "transfer-encoding":
		if !strings.EqualFold(f.Value, "chunked") || h.length >= 0 || h.chunked {
			return badAnswer("it is framed in a way that is not known")
		}
		h.chunked = true
	case "connection":
		for v := range strings.SplitSeq(f.Value, ",") {
			switch strings.ToLower(strings.TrimSpace(v)) {
			case "close":
				h.keepAlive = false
			}
		}
	}
	return nil
}

// readLine reads a line of a head, without its end.
func (k *conn) readLine(budget *int) (string, error) {
	b, err := k.r.ReadSlice('\n')
	if *budget -= len(b); *budget < 0 {
		return "", badAnswer("its head is too large")
	}
	if err != nil {
		return "", lineError(err)
	}
	if len(b) < 2 || b[len(b)-2] != '\r' {
		return "", badAnswer("a line of its head does not end in CRLF")
	}
	return string(b[:len(b)-2]), nil
}

func lineError(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it was closed before the answer", ErrBroken)
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		return badAnswer("a line of its head is too long")
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}
