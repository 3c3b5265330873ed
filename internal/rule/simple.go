package rule

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm/runtime"
)

// simple is a condition on one place, which needs no program: its value is compared with constants, by the very functions
// that a program calls.
type simple struct {
	at  place
	ask func(v any) (yes, ok bool) // not ok: let the program say what is wrong

	only  []any // it says no, and does not fail, unless the value is one of these ...
	holds bool  // ... or is a list that holds one of these, or an object, or what holds nothing
}

// says is the condition's answer; not ok lets its program say what is wrong.
func (p *simple) says(e *Event) (yes, ok bool) {
	v, ok := p.at.of(e)
	if !ok {
		return false, false
	}
	return p.ask(v)
}

// simply is the simple form of a condition, nil when it has none.
func simply(n ast.Node) *simple {
	switch n := n.(type) {
	case *ast.BinaryNode:
		if n.Operator == "in" {
			return membership(n)
		}
		return comparison(n)
	case *ast.UnaryNode:
		inner := simply(n.Node)
		if inner == nil || n.Operator != "!" && n.Operator != "not" {
			return nil
		}
		return &simple{at: inner.at, ask: func(v any) (bool, bool) {
			yes, ok := inner.ask(v)
			return !yes, ok
		}}
	}
	at, ok := placeOf(n)
	if !ok {
		return nil
	}
	return &simple{at: at, ask: func(v any) (bool, bool) {
		yes, ok := v.(bool)
		return yes, ok || v == nil
	}}
}

func comparison(n *ast.BinaryNode) *simple {
	at, ok := placeOf(n.Left)
	to, constant := literal(n.Right)
	swapped := false
	if !ok {
		at, ok = placeOf(n.Right)
		to, constant = literal(n.Left)
		swapped = true
	}
	if !ok || !constant {
		return nil
	}
	switch n.Operator {
	case "==":
		return &simple{at: at, only: []any{to}, ask: func(v any) (bool, bool) { return runtime.Equal(v, to), true }}
	case "!=":
		return &simple{at: at, ask: func(v any) (bool, bool) { return !runtime.Equal(v, to), true }}
	case "<", "<=", ">", ">=":
		order := compare(n.Operator)
		return &simple{at: at, ask: func(v any) (bool, bool) {
			a, b := v, to
			if swapped {
				a, b = to, v
			}
			yes, err := order(a, b)
			return yes == true, err == nil
		}}
	}
	return nil
}

// membership is a place in a list of constants, or a constant in the list at a place.
func membership(n *ast.BinaryNode) *simple {
	if at, ok := placeOf(n.Left); ok {
		list, ok := literals(n.Right)
		if !ok {
			return nil
		}
		return &simple{at: at, only: list, ask: func(v any) (bool, bool) { return among(list, v), true }}
	}
	right := n.Right
	if b, ok := right.(*ast.BinaryNode); ok && b.Operator == "??" { // "x" in (data.list ?? [])
		if list, ok := b.Right.(*ast.ArrayNode); ok && len(list.Nodes) == 0 {
			right = b.Left
		}
	}
	what, constant := literal(n.Left)
	at, ok := placeOf(right)
	if !ok || !constant {
		return nil
	}
	return &simple{at: at, only: []any{what}, holds: true, ask: func(v any) (bool, bool) {
		list, ok := v.([]any)
		return among(list, what), ok || v == nil
	}}
}

func among(list []any, v any) bool {
	return slices.ContainsFunc(list, func(one any) bool { return runtime.Equal(one, v) })
}
