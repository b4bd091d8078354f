package worldtest

import (
	"context"
	"errors"
	"reflect"
	"sync"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// Ledger counts how operations ended: with "OK" or the code of an error.
type Ledger struct {
	mu   sync.Mutex
	Seen map[string]map[string]int // "SSO Admin/CreateApplication" → code → times
	// errors that the SDK has no type for, since the operation's model does not declare them
	Untyped map[string]bool
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{Seen: map[string]map[string]int{}, Untyped: map[string]bool{}}
}

func (l *Ledger) note(operation string, err error) {
	code := "OK"
	var e smithy.APIError
	if errors.As(err, &e) {
		code = e.ErrorCode()
	} else if err != nil {
		return // never left the client
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Seen[operation] == nil {
		l.Seen[operation] = map[string]int{}
	}
	l.Seen[operation][code]++
	if _, generic := e.(*smithy.GenericAPIError); generic {
		l.Untyped[operation+" "+code] = true
	}
	if reason := unknownReason(e); reason != "" {
		l.Untyped[operation+" "+code+" "+reason] = true
	}
}

// unknownReason returns the Reason of an error unless the SDK knows it.
func unknownReason(err error) string {
	if err == nil {
		return ""
	}
	r := reflect.ValueOf(err).Elem().FieldByName("Reason")
	if !r.IsValid() || r.Kind() != reflect.String || r.IsZero() {
		return ""
	}
	known := r.MethodByName("Values").Call(nil)[0]
	for i := range known.Len() {
		if known.Index(i).String() == r.String() {
			return ""
		}
	}
	return r.String()
}

// Keep is a middleware of SDK clients that writes each end of an operation into the ledger.
func (l *Ledger) Keep(s *middleware.Stack) error {
	return s.Initialize.Add(middleware.InitializeMiddlewareFunc("ledger",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			out middleware.InitializeOutput, md middleware.Metadata, err error) {
			out, md, err = next.HandleInitialize(ctx, in)
			l.note(awsmiddleware.GetServiceID(ctx)+"/"+awsmiddleware.GetOperationName(ctx), err)
			return out, md, err
		}), middleware.After)
}
