// Package guard carries a question from the code that decided on a request to the code that commits its effect: is it
// still allowed?
//
// A request waits between the two: for its body, for its turn to write, for another server. Whatever allowed it may be
// gone by then. So the store asks at the beginning of each transaction attempt, while nobody else can write, and an
// object store asks in its writer before it commits. What the question answers with is what the caller of the request
// hears.
package guard

import "context"

// Guard is what a request must pass again when its effect is committed.
type Guard struct {
	// Ask decides again. A non-nil error stops the effect.
	Ask func() error
	// Hold keeps changes of the state from being acknowledged until release is called. A change that is applied before
	// Hold is seen by Ask. Only who commits outside of the state calls it, before Ask: the state's own transactions
	// exclude each other.
	Hold func() (release func())
}

type key struct{}

// With returns a context whose effects are guarded. An outer guard is replaced.
func With(ctx context.Context, g Guard) context.Context { return context.WithValue(ctx, key{}, &g) }

// Without returns a context without a guard, for steps that must follow an effect that was guarded.
func Without(ctx context.Context) context.Context {
	return context.WithValue(ctx, key{}, (*Guard)(nil))
}

func of(ctx context.Context) *Guard {
	g, _ := ctx.Value(key{}).(*Guard)
	return g
}

// Guarded reports whether a context has a guard.
func Guarded(ctx context.Context) bool { return of(ctx) != nil }

// Ask asks the guard of a context. Without a guard everything may be done.
func Ask(ctx context.Context) error {
	if g := of(ctx); g != nil && g.Ask != nil {
		return g.Ask()
	}
	return nil
}

// Hold asks the guard of a context for an effect outside of the state. When it returns nil, no change that would have
// stopped the effect is acknowledged before release. release is never nil, and is to be called in any case.
func Hold(ctx context.Context) (release func(), err error) {
	release = func() {}
	g := of(ctx)
	if g == nil {
		return release, nil
	}
	if g.Hold != nil {
		release = g.Hold()
	}
	if g.Ask != nil {
		err = g.Ask()
	}
	return release, err
}
