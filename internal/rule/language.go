package rule

import (
	"fmt"
	"regexp/syntax"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
)

// check walks a filter's tree and refuses all that is not on the list. Within the parentheses of any, all, none, one and count only
// the element itself may be named: so the work is bounded by nodes times bytes of payload.
func check(source string) error {
	config := conf.CreateNew()
	config.MaxNodes = mostNodes
	for name := range config.Builtins {
		config.Disabled[name] = true
	}
	tree, err := parser.ParseWithConfig(source, config)
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	g := &guard{}
	ast.Walk(&tree.Node, g)
	return g.err
}

// guard is an ast.Visitor that keeps the first complaint.
type guard struct {
	err   error
	steps int // of the patterns
}

func (g *guard) refuse(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf("filter: "+format, args...)
	}
}

// Visit looks at one node.
func (g *guard) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.ArrayNode,
		*ast.ChainNode, *ast.MemberNode, *ast.SliceNode, *ast.ConditionalNode, *ast.PredicateNode:
	case *ast.IdentifierNode:
		if n.Value == "$env" {
			g.refuse("$env is not allowed")
		}
	case *ast.UnaryNode:
		if !slices.Contains([]string{"!", "not", "-"}, n.Operator) {
			g.refuse("the operator %s is not allowed", n.Operator)
		}
	case *ast.BinaryNode:
		g.binary(n)
	case *ast.PointerNode:
		if n.Name != "" && n.Name != "index" {
			g.refuse("#%s is not allowed", n.Name)
		}
	case *ast.CallNode:
		if name, ok := n.Callee.(*ast.IdentifierNode); !ok || !slices.Contains(functionNames(), name.Value) {
			g.refuse("there is no function %s", n.Callee.String())
		}
	case *ast.BuiltinNode:
		g.predicate(n)
	default: // let, sequences, maps, bytes
		g.refuse("%s is not allowed", n.String())
	}
}

func (g *guard) binary(n *ast.BinaryNode) {
	allowed := []string{"&&", "and", "||", "or", "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches", "??",
		"+", "-", "*", "/"}
	if !slices.Contains(allowed, n.Operator) {
		g.refuse("the operator %s is not allowed", n.Operator)
	}
	if n.Operator == "matches" {
		g.pattern(n.Right)
	}
}

// mostSteps bounds all patterns of a filter: each byte of a text costs at most so many steps.
const mostSteps = 500

func (g *guard) pattern(n ast.Node) {
	text, constant := n.(*ast.StringNode)
	if !constant {
		g.refuse("matches wants a constant pattern")
		return
	}
	tree, err := syntax.Parse(text.Value, syntax.Perl)
	if err != nil {
		g.refuse("the pattern is not one: %w", err)
		return
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		g.refuse("the pattern is not one: %w", err)
		return
	}
	if g.steps += len(program.Inst); g.steps > mostSteps {
		g.refuse("the patterns are too costly: repeat less")
	}
}

func (g *guard) predicate(n *ast.BuiltinNode) {
	if !slices.Contains([]string{"any", "all", "none", "one", "count"}, n.Name) || len(n.Arguments) != 2 {
		g.refuse("%s is not allowed so; any, all, none, one and count take an array and a condition", n.Name)
		return
	}
	inside := ast.Find(n.Arguments[1], func(in ast.Node) bool {
		switch in := in.(type) {
		case *ast.BuiltinNode:
			return true
		case *ast.IdentifierNode:
			return !slices.Contains(functionNames(), in.Value)
		}
		return false
	})
	if inside != nil {
		g.refuse("the condition of %s may name nothing but its element: not %s", n.Name, inside.String())
	}
}
