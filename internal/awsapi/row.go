package awsapi

import (
	"granary/internal/authz"
	"granary/internal/wire"
)

// Access says how a row is authorised.
type Access uint8

// The ways a row is authorised.
const (
	Checked  Access = iota // the row names actions and resources, the pipeline decides
	Inside                 // the operation decides itself: its policy hangs on what it looks up (trust policies, actor policies)
	Anyone                 // every signed caller, even against a deny
	Unsigned               // no signature; the operation has another proof
)

// Row is one operation in a service's table.
type Row struct {
	Meta   *wire.Meta
	Access Access
	serve  func(s *Service, c *Call, r *wire.Request) (wire.Response, error)
}

// Checks names what must be allowed before an operation runs: all of the requests. An empty Action is the row's own.
type Checks[In any] func(*Call, *In) ([]authz.Request, error)

// On is a row whose checks the pipeline evaluates.
func On[In, Out any](op wire.Operation[In, Out], checks Checks[In], run func(*Call, *In) (*Out, error)) Row {
	if checks == nil {
		panic("awsapi: " + op.Name + " has no resource to authorise against")
	}
	return row(op, Checked, checks, run)
}

// OnInside is a row whose operation authorises by itself.
func OnInside[In, Out any](op wire.Operation[In, Out], run func(*Call, *In) (*Out, error)) Row {
	return row(op, Inside, nil, run)
}

// OnAnyone is a row every signed caller may use.
func OnAnyone[In, Out any](op wire.Operation[In, Out], run func(*Call, *In) (*Out, error)) Row {
	return row(op, Anyone, nil, run)
}

// OnUnsigned is a row that takes no signature.
func OnUnsigned[In, Out any](op wire.Operation[In, Out], run func(*Call, *In) (*Out, error)) Row {
	return row(op, Unsigned, nil, run)
}

func row[In, Out any](op wire.Operation[In, Out], access Access, checks Checks[In], run func(*Call, *In) (*Out, error)) Row {
	serve := func(s *Service, c *Call, r *wire.Request) (wire.Response, error) {
		in, err := op.Decode(r)
		if err != nil {
			return wire.Response{}, s.sharpen(err)
		}
		c.Event.RequestParameters = wire.Redacted(in)
		if checks != nil {
			if err := authorize(s, c, op.Name, in, checks); err != nil {
				return wire.Response{}, err
			}
		}
		out, err := run(c, in)
		if err != nil {
			return wire.Response{}, err
		}
		if s.Tells && !readOnly(op.Name) && out != nil {
			c.Event.ResponseElements = wire.Redacted(out)
		}
		return op.Encode(out, c.RequestID)
	}
	return Row{Meta: op.Meta, Access: access, serve: serve}
}

func authorize[In any](s *Service, c *Call, name string, in *In, checks Checks[In]) error {
	requests, err := checks(c, in)
	if err != nil {
		return err
	}
	for i := range requests {
		if requests[i].Action == "" {
			requests[i].Action = s.Prefix + ":" + name
			if s.Legacy != "" {
				requests[i].Legacy = s.Legacy + ":" + name
			}
		}
	}
	return c.Authorize(requests...)
}
