package rule

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// kind is what a value is, unless it is nil.
type kind uint8

const (
	unknown kind = iota
	nothing      // always nil
	truth
	number
	text
)

// is says whether a value of the kind is what a function takes: nil always is.
func (k kind) is(want kind) bool { return k == want || k == nothing }

// sure says whether an expression can be worked out for every event whose payload is an object or null, without an error,
// and what it then is.
func sure(n ast.Node) (k kind, ok bool) {
	if at, ok := placeOf(n); ok {
		if at.leaf >= 0 {
			return leaves[at.leaf].kind, true
		}
		return unknown, len(at.path) <= 1
	}
	switch n := n.(type) {
	case *ast.NilNode:
		return nothing, true
	case *ast.IntegerNode, *ast.FloatNode:
		return number, true
	case *ast.StringNode:
		return text, true
	case *ast.BoolNode:
		return truth, true
	case *ast.UnaryNode:
		k, ok := sure(n.Node)
		if n.Operator == "-" {
			return number, ok && k.is(number)
		}
		return truth, ok && k.is(truth)
	case *ast.BinaryNode:
		return sureOfTwo(n)
	}
	return unknown, false
}

func sureOfTwo(n *ast.BinaryNode) (k kind, ok bool) {
	left, ok := sure(n.Left)
	if !ok {
		return unknown, false
	}
	if n.Operator == "in" {
		list, ok := n.Right.(*ast.ArrayNode)
		return truth, ok && !slices.ContainsFunc(list.Nodes, func(one ast.Node) bool { _, ok := sure(one); return !ok })
	}
	right, ok := sure(n.Right)
	if !ok {
		return unknown, false
	}
	both := func(k kind) bool { return left.is(k) && right.is(k) }
	switch n.Operator {
	case "==", "!=":
		return truth, true
	case "<", "<=", ">", ">=":
		return truth, both(number) || both(text)
	case "+", "-", "*", "/":
		return number, both(number)
	case "&&", "and", "||", "or":
		return truth, both(truth)
	case "contains", "startsWith", "endsWith", "matches":
		return truth, both(text)
	case "??":
		return max(left, right), left == right || both(max(left, right))
	}
	return unknown, false
}
