package lead

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what can be done about an error. Drivers set it once, at the edge that knows; flows act on it.
type Kind uint8

// The closed list of kinds.
const (
	Internal     Kind = iota // ours; trying again later may help
	Unauthorized             // no proof, or a wrong one
	Invalid                  // breaks the sender's own schema
	TooLarge                 // beyond a size limit; the same event can never pass
	Refused                  // the far side will never take this event
	Address                  // the way is broken and can be repaired: an expired SAS, a missing queue, a wrong name
	Unavailable              // the far side is unreachable, busy or failing; later it may work
)

// String is the kind's name in lower case.
func (k Kind) String() string {
	return [...]string{"internal", "unauthorized", "invalid", "too large", "refused", "address", "unavailable"}[k]
}

// Fault is one field that breaks one rule. It never holds the value.
type Fault struct {
	Field string `json:"field"` // its path in the payload, "statistics.latitude"; empty for the payload itself
	Rule  string `json:"rule"`  // "required", "uuid", "lte=1", "type: number"
}

// Error is a failure whose kind is known. Its text holds no secret, no URL with a query and no personal data.
type Error struct {
	Kind       Kind
	Code       string        // the far side's own short word or status, "403 AuthenticationFailed"; may be empty
	Faults     []Fault       // for Invalid
	RetryAfter time.Duration // how long the far side asks us to wait; 0 when it does not say
	Err        error         // what is beneath; may be nil
}

func (e *Error) Error() string {
	parts := []string{e.Kind.String()}
	if e.Code != "" {
		parts = append(parts, e.Code)
	}
	for _, f := range e.Faults {
		parts = append(parts, f.Field+" "+f.Rule)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error of a kind.
func Errorf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// KindOf is the kind of the first [Error] in err's chain, Internal when there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// RetryAfter is how long the far side asked us to wait, 0 when it did not say.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// CodeOf is the far side's own word for err, empty when there is none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}
