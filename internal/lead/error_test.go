package lead

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestKindIsFoundThroughWrapping(t *testing.T) {
	beneath := errors.New("connection refused")
	err := fmt.Errorf("put: %w", &Error{Kind: Unavailable, Code: "503 ServerBusy", RetryAfter: 9 * time.Second, Err: beneath})
	if KindOf(err) != Unavailable || RetryAfter(err) != 9*time.Second || CodeOf(err) != "503 ServerBusy" || !errors.Is(err, beneath) {
		t.Errorf("kind %v, retry after %v, code %q", KindOf(err), RetryAfter(err), CodeOf(err))
	}
	for _, plain := range []error{nil, beneath} {
		if KindOf(plain) != Internal || RetryAfter(plain) != 0 || CodeOf(plain) != "" {
			t.Errorf("%v has a kind of its own", plain)
		}
	}
}

func TestFirstKindInTheChainCounts(t *testing.T) {
	err := &Error{Kind: Refused, Err: Errorf(Unavailable, "busy")}
	if KindOf(err) != Refused {
		t.Errorf("kind %v", KindOf(err))
	}
}

func TestErrorTellsKindCodeFaultsAndReason(t *testing.T) {
	for want, err := range map[string]error{
		"unauthorized: no token":                         Errorf(Unauthorized, "no %s", "token"),
		"address: 403 AuthenticationFailed: sas expired": &Error{Kind: Address, Code: "403 AuthenticationFailed", Err: errors.New("sas expired")},
		"invalid: id required: fraudScore lte=1":         &Error{Kind: Invalid, Faults: []Fault{{"id", "required"}, {"fraudScore", "lte=1"}}},
		"too large":                                      &Error{Kind: TooLarge},
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err.Error(), want)
		}
	}
}

func TestEveryWordHasAName(t *testing.T) {
	for kind := Internal; kind <= Unavailable; kind++ {
		if kind.String() == "" {
			t.Errorf("kind %d has no name", kind)
		}
	}
	for stage := Unknown; stage <= Lost; stage++ {
		if stage.String() == "" {
			t.Errorf("stage %d has no name", stage)
		}
	}
	for priority := Low; priority <= Critical; priority++ {
		if priority.String() == "" {
			t.Errorf("priority %d has no name", priority)
		}
	}
}

func TestVersionsOrderByTimeThenReceipt(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	old, young := Version{at, "B"}, Version{at.Add(time.Nanosecond), "A"}
	if old.Compare(young) >= 0 || young.Compare(old) <= 0 || old.Compare(old) != 0 || (Version{at, "A"}).Compare(old) >= 0 || (Version{Time: at}).Compare(old) >= 0 {
		t.Error("wrong order")
	}
	if (Version{at.In(time.FixedZone("", 3600)), "B"}).Compare(old) != 0 {
		t.Error("the zone counts")
	}
}
