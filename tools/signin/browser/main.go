// Command browser lets headless Chromium walk through pages as a person would. It reads steps as a JSON list from its
// standard input and writes the text and the address of the page it ends on as JSON to its standard output.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/chromedp"
)

// step is one thing that a person does: each member that is given, in this order.
type step struct {
	Open  string            // an address
	Await string            // a selector that must be seen
	Fill  map[string]string // texts, by selector
	Shot  string            // a file for a picture of the page
	Click string            // a selector
}

// page is where it ended.
type page struct{ At, Text string }

// patience is how long all steps together may take.
const patience = time.Minute

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var steps []step
	if err := json.NewDecoder(os.Stdin).Decode(&steps); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "b")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// Chromium leaves folders of its own beside the profile, with sockets in them, whose paths must be short.
	profile, scratch := filepath.Join(dir, "p"), filepath.Join(dir, "t")
	if err := errors.Join(os.Mkdir(profile, 0o700), os.Mkdir(scratch, 0o700)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.UserDataDir(profile),
		chromedp.Env("TMPDIR="+scratch), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true), chromedp.WindowSize(900, 700))
	if path := os.Getenv("CHROMIUM"); path != "" {
		options = append(options, chromedp.ExecPath(path))
	}
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	defer chromedp.Cancel(ctx) // waits until it has ended, and writes no more
	for i, s := range steps {
		if err := chromedp.Do(ctx, s.actions()...); err != nil {
			p, _ := read(ctx)
			return fmt.Errorf("step %d: %w, at %s:\n%s", i+1, err, p.At, p.Text)
		}
	}
	p, err := read(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(p)
}

func (s step) actions() (list []chromedp.Action[chromedp.Void]) {
	if s.Open != "" {
		list = append(list, chromedp.Navigate(s.Open))
	}
	if s.Await != "" {
		list = append(list, chromedp.WaitVisible(chromedp.CSS(s.Await)))
	}
	for selector, text := range s.Fill {
		list = append(list, chromedp.SendKeys(chromedp.CSS(selector), text))
	}
	if s.Shot != "" {
		list = append(list, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			picture, err := chromedp.CaptureScreenshot()(ctx, t)
			if err != nil {
				return err
			}
			return os.WriteFile(s.Shot, picture, 0o600)
		}))
	}
	if s.Click != "" {
		list = append(list, chromedp.Click(chromedp.CSS(s.Click)))
	}
	return list
}

func read(ctx context.Context) (p page, err error) {
	if p.At, err = chromedp.Run(ctx, chromedp.Location()); err != nil {
		return p, err
	}
	p.Text, err = chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	return p, err
}
