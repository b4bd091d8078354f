// Package bench measures a server beside a bare net/http handler in the same run, with the same load generator, over
// connections of its own. Figures of a noisy machine are only worth their ratios.
package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Result is one measurement.
type Result struct {
	Name      string
	Grants    int
	PerSecond float64
	P50, P99  time.Duration
	Max       time.Duration // of paced requests
	Failed    int           // answers that were not 200
}

// load keeps connections busy with requests for a while. next gives a connection its next request, as bytes; nil ends
// it.
func load(address string, connections int, duration time.Duration, next func() []byte) (Result, error) {
	var mu sync.Mutex
	var all []time.Duration
	var failed int
	var first error
	end := time.Now().Add(duration)
	began := time.Now()
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			took, bad, err := drive(address, end, next)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			failed += bad
			if first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(began)
	if first != nil {
		return Result{}, first
	}
	if len(all) == 0 {
		return Result{}, fmt.Errorf("no request was answered")
	}
	slices.Sort(all)
	return Result{PerSecond: float64(len(all)) / elapsed.Seconds(), P50: all[len(all)/2], P99: all[len(all)*99/100],
		Failed: failed}, nil
}

func drive(address string, end time.Time, next func() []byte) (took []time.Duration, failed int, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = c.Close() }()
	r := bufio.NewReaderSize(c, 64<<10)
	for {
		began := time.Now()
		request := next()
		if request == nil || began.After(end) {
			return took, failed, nil
		}
		ok, err := roundTrip(c, r, request)
		if err != nil {
			return took, failed, err
		}
		took = append(took, time.Since(began))
		if !ok {
			failed++
		}
	}
}

// roundTrip sends a request and reads the answer; ok is whether that was 200.
func roundTrip(c net.Conn, r *bufio.Reader, request []byte) (ok bool, err error) {
	if _, err := c.Write(request); err != nil {
		return false, err
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return false, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK, err
}

// bytesOf writes a signed request as it goes over the wire.
func bytesOf(r *http.Request) []byte {
	var b bytes.Buffer
	_ = r.Write(&b) // a buffer never fails
	return b.Bytes()
}

// bare serves a handler that reads the request and answers with given bytes: the most that any server here could do.
func bare(answer []byte) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/xml")
			w.Write(answer)
		})}
	go func() { _ = s.Serve(l) }() // ends with stop
	return l.Addr().String(), func() { _ = s.Close() }, nil
}
