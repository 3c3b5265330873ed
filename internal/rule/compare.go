package rule

import (
	"cmp"
	"math"
)

func float(a any) (float64, bool) {
	switch a := a.(type) {
	case int:
		return float64(a), true
	case float64:
		return a, true
	}
	return 0, false
}

// compare orders numbers with numbers and texts with texts; nil is never before or behind anything.
func compare(operator string) func(a, b any) (any, error) {
	holds := map[string]func(int) bool{
		"<": func(c int) bool { return c < 0 }, "<=": func(c int) bool { return c <= 0 },
		">": func(c int) bool { return c > 0 }, ">=": func(c int) bool { return c >= 0 },
	}[operator]
	return func(a, b any) (any, error) {
		if a == nil || b == nil {
			return false, nil
		}
		if x, ok := a.(int); ok {
			if y, ok := b.(int); ok {
				return holds(cmp.Compare(x, y)), nil
			}
		}
		if x, ok := float(a); ok {
			if y, ok := float(b); ok {
				return !math.IsNaN(x) && !math.IsNaN(y) && holds(cmp.Compare(x, y)), nil
			}
		}
		if x, ok := a.(string); ok {
			if y, ok := b.(string); ok {
				return holds(cmp.Compare(x, y)), nil
			}
		}
		return nil, &misfit{"values of two types are compared with " + operator}
	}
}

// calculate works on numbers only, as float64; with nil the result is nil.
func calculate(operator string) func(a, b any) (any, error) {
	return func(a, b any) (any, error) {
		if a == nil || b == nil {
			return nil, nil
		}
		x, ok := float(a)
		y, okToo := float(b)
		if !ok || !okToo {
			return nil, &misfit{"what is no number is used with " + operator}
		}
		switch operator {
		case "+":
			return x + y, nil
		case "-":
			return x - y, nil
		case "*":
			return x * y, nil
		}
		return x / y, nil
	}
}
