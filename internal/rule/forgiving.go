package rule

import (
	"math"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

// misfit is a run-time error of our own functions: types, never values.
type misfit struct{ what string }

func (m *misfit) Error() string { return m.what }

// functionNames are the functions that a filter may call.
func functionNames() []string { return []string{"len", "lower", "upper", "trim", "number"} }

// functions are those, and the ones that forgiving puts in the place of operators. All take nil.
func functions() []expr.Option {
	one := func(name string, f func(any) (any, error), types any) expr.Option {
		return expr.Function(name, func(args ...any) (any, error) { return f(args[0]) }, types)
	}
	two := func(name string, f func(a, b any) (any, error), types any) expr.Option {
		return expr.Function(name, func(args ...any) (any, error) { return f(args[0], args[1]) }, types)
	}
	out := []expr.Option{
		one("len", length, new(func(any) int)),
		one("number", toNumber, new(func(any) float64)),
		one("_true", isTrue, new(func(any) bool)),
		one("_list", list, new(func(any) []any)),
	}
	for name, change := range map[string]func(string) string{"lower": strings.ToLower, "upper": strings.ToUpper, "trim": strings.TrimSpace} {
		out = append(out, one(name, onText(change), new(func(string) string)))
	}
	for operator, name := range comparisons() {
		out = append(out, two(name, compare(operator), new(func(any, any) bool)))
	}
	for operator, name := range arithmetic() {
		out = append(out, two(name, calculate(operator), new(func(any, any) any)))
	}
	return out
}

func comparisons() map[string]string {
	return map[string]string{"<": "_lt", "<=": "_le", ">": "_gt", ">=": "_ge"}
}

func arithmetic() map[string]string {
	return map[string]string{"+": "_add", "-": "_sub", "*": "_mul", "/": "_div"}
}

// forgiving rewrites a filter, once its types are checked, so that what is absent says no instead of failing.
type forgiving struct{}

// Visit rewrites one node; its children are rewritten before it.
func (forgiving) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		n.Optional = true
		ast.Patch(node, &ast.ChainNode{Node: n})
	case *ast.BinaryNode:
		name := comparisons()[n.Operator] + arithmetic()[n.Operator]
		switch {
		case name != "":
			ast.Patch(node, call(name, n.Left, n.Right))
		case n.Operator == "&&" || n.Operator == "and" || n.Operator == "||" || n.Operator == "or":
			n.Left, n.Right = call("_true", n.Left), call("_true", n.Right)
		}
	case *ast.UnaryNode:
		if n.Operator == "-" {
			ast.Patch(node, call("_sub", &ast.IntegerNode{}, n.Node))
		} else {
			n.Node = call("_true", n.Node)
		}
	case *ast.ConditionalNode:
		n.Cond = call("_true", n.Cond)
	case *ast.BuiltinNode:
		n.Arguments[0] = call("_list", n.Arguments[0])
	case *ast.PredicateNode:
		n.Node = call("_true", n.Node)
	}
}

func call(name string, args ...ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: args}
}

func isTrue(a any) (any, error) {
	switch a := a.(type) {
	case nil:
		return false, nil
	case bool:
		return a, nil
	}
	return nil, errNotYes
}

// errNotYes is for a condition that is neither yes nor no.
var errNotYes = &misfit{"a condition is neither true nor false"}

func list(a any) (any, error) {
	switch a := a.(type) {
	case nil:
		return []any{}, nil
	case []any:
		return a, nil
	}
	return nil, &misfit{"any, all, none, one or count is asked of what is no array"}
}

func length(a any) (any, error) {
	switch a := a.(type) {
	case nil:
		return 0, nil
	case string:
		return len([]rune(a)), nil
	case []any:
		return len(a), nil
	case map[string]any:
		return len(a), nil
	}
	return nil, &misfit{"len is asked of what has no length"}
}

func onText(change func(string) string) func(any) (any, error) {
	return func(a any) (any, error) {
		switch a := a.(type) {
		case nil:
			return nil, nil
		case string:
			return change(a), nil
		}
		return nil, &misfit{"lower, upper or trim is asked of what is no text"}
	}
}

// toNumber reads a number out of a text; what holds none is nil.
func toNumber(a any) (any, error) {
	if _, ok := float(a); ok {
		return a, nil
	}
	text, _ := a.(string)
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, nil
	}
	return f, nil
}
