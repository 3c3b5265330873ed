package schedule

import (
	"fmt"
	"strconv"
	"strings"
)

// field is what one field of an expression may hold; names stand for min, min+1, and so on.
type field struct {
	name     string
	min, max int
	names    []string
}

// parse reads a list such as "1,5-10/2,*/15" and returns a bit for each value.
func (f field) parse(text string) (uint64, error) {
	var bits uint64
	for item := range strings.SplitSeq(text, ",") {
		first, last, step, err := f.item(item)
		if err != nil {
			return 0, err
		}
		for v := first; v <= last; v += step {
			bits |= 1 << v
		}
	}
	return bits, nil
}

// item reads "*", "a", "a-b", each with "/step"; "a/step" runs to the end of the field, and "b-a" is read as "a-b".
func (f field) item(text string) (first, last, step int, err error) {
	span, every, stepped := strings.Cut(text, "/")
	step = 1
	if stepped {
		if step, err = strconv.Atoi(every); err != nil || step < 0 || step > 1000 {
			return 0, 0, 0, fmt.Errorf("%q is not a step", every)
		}
		step = max(step, 1)
	}
	if span == "*" {
		return f.min, f.max, step, nil
	}
	from, to, ranged := strings.Cut(span, "-")
	if first, err = f.value(from); err != nil {
		return 0, 0, 0, err
	}
	switch {
	case ranged:
		if last, err = f.value(to); err != nil {
			return 0, 0, 0, err
		}
		first, last = min(first, last), max(first, last)
	case step > 1:
		last = f.max
	default:
		last = first
	}
	return first, last, step, nil
}

// value reads a number, or the beginning of a name in any case: "Jan", "mon".
func (f field) value(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || strings.ContainsAny(text, "+-") {
		for i, name := range f.names {
			if text != "" && strings.HasPrefix(strings.ToLower(name), strings.ToLower(text)) {
				return f.min + i, nil
			}
		}
		return 0, fmt.Errorf("%q is not a value", text)
	}
	if n < f.min || n > f.max {
		return 0, fmt.Errorf("%d is not from %d to %d", n, f.min, f.max)
	}
	return n, nil
}
