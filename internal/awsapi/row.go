package awsapi

import (
	"reflect"

	"granary/internal/authz"
	"granary/internal/wire"
)

// Access says how a row is authorised.
type Access uint8

// The ways a row is authorised.
const (
	Checked Access = iota // the row names actions and resources, the pipeline decides
	// the operation decides itself: its policy hangs on what it looks up (trust policies, actor policies)
	Inside
	Anyone   // every signed caller, even against a deny
	Unsigned // no signature; the operation has another proof
)

// Row is one operation in a service's table.
type Row struct {
	Meta   *wire.Meta
	Access Access
	Input  reflect.Type // a structure
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

// OnResource is a row whose check needs only a part of the input: what names the resource. The part is mostly a member,
// selected by a function of the service's generated package, such as iam.UserName.
func OnResource[In, Out, Resource any](op wire.Operation[In, Out], check func(*Call, Resource) ([]authz.Request, error),
	resource func(*In) Resource, run func(*Call, *In) (*Out, error)) Row {
	if check == nil || resource == nil {
		panic("awsapi: " + op.Name + " has no resource to authorise against")
	}
	return row(op, Checked, func(c *Call, in *In) ([]authz.Request, error) { return check(c, resource(in)) }, run)
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

// row makes a row of an operation with types. The types end here: what is generic is compiled once for each of some
// hundred operations, so it is two short functions, and operation.serve does all work.
func row[In, Out any](op wire.Operation[In, Out], access Access, checks Checks[In],
	run func(*Call, *In) (*Out, error)) Row {
	o := &operation{meta: op.Meta, access: access, input: reflect.TypeFor[In](),
		run: func(c *Call, in any) (any, error) { return run(c, in.(*In)) }}
	if checks != nil {
		o.checks = func(c *Call, in any) ([]authz.Request, error) { return checks(c, in.(*In)) }
	}
	return Row{Meta: op.Meta, Access: access, Input: o.input, serve: o.serve}
}

// operation is a row's operation without its types.
type operation struct {
	meta   *wire.Meta
	access Access
	input  reflect.Type                                   // In
	checks func(c *Call, in any) ([]authz.Request, error) // nil: none
	run    func(c *Call, in any) (out any, err error)     // out is an *Out, and may be a nil one
}

// serve decodes, checks, runs and encodes.
func (o *operation) serve(s *Service, c *Call, r *wire.Request) (wire.Response, error) {
	in := reflect.New(o.input).Interface()
	if err := wire.Decode(o.meta, r, in); err != nil {
		return wire.Response{}, s.sharpen(err)
	}
	c.Event.RequestParameters = wire.Redacted(in)
	c.mustCheck = o.access == Inside
	if o.checks != nil {
		if err := c.Check(func(c *Call) error { return o.authorize(s, c, in) }); err != nil {
			return wire.Response{}, err
		}
	}
	out, err := o.run(c, in)
	if err == nil && o.access != Checked {
		err = c.again() // keys and tokens leave without a change of the state
	}
	if c.stopped != nil {
		err = c.stopped // in whatever words the operation has put it
	}
	if err != nil {
		return wire.Response{}, err
	}
	if s.Tells && !readOnly(o.meta.Name) && !reflect.ValueOf(out).IsNil() {
		c.Event.ResponseElements = wire.Redacted(out)
	}
	return wire.Encode(o.meta, out, c.RequestID), nil
}

func (o *operation) authorize(s *Service, c *Call, in any) error {
	requests, err := o.checks(c, in)
	if err != nil {
		return err
	}
	for i := range requests {
		if requests[i].Action == "" {
			requests[i].Action = s.Prefix + ":" + o.meta.Name
			if s.Legacy != "" {
				requests[i].Legacy = s.Legacy + ":" + o.meta.Name
			}
		}
	}
	return c.Authorize(requests...)
}
