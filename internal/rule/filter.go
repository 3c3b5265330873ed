package rule

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Bounds of a filter's source. An expression cannot be interrupted, so what it may say is bounded instead.
const (
	longestFilter = 1 << 10 // bytes
	mostNodes     = 200
)

// Filter says whether a destination gets an event. It may be used side by side.
type Filter struct {
	conjuncts []conjunct
	data      bool // it asks for the payload
}

// conjunct is one of the conditions that && joins at the top.
type conjunct struct {
	text    string
	program *vm.Program
}

// Compile reads a filter in the language of expr-lang.org, of which it allows comparisons, && || !, arithmetic, in, contains,
// startsWith, endsWith, matches with a constant pattern, ?? and ?:, len, lower, upper, trim, number, and any, all, none, one, count
// over arrays. It may name event and lead, whose members are checked here, and data, the partner's payload, whose members are not:
//
//	lead.state == "Submitted" && lead.amount >= 10000 && "Minneapolis Metro Team" in data.matchedProduct.tags
//
// What is absent is nil; its members are nil, it compares with nothing, is in nothing and is not true. An empty source lets every event
// pass. Errors say where and what; they quote the source.
func Compile(source string) (*Filter, error) {
	if len(source) > longestFilter {
		return nil, fmt.Errorf("the filter is longer than %d bytes", longestFilter)
	}
	if strings.TrimSpace(source) == "" {
		return &Filter{}, nil
	}
	options := append(functions(), expr.DisableAllBuiltins(), expr.MaxNodes(mostNodes), expr.AsBool(), expr.Optimize(false))
	if err := check(source); err != nil {
		return nil, err
	}
	if _, err := expr.Compile(source, append(options, expr.Env(terms{}))...); err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	f := &Filter{}
	for _, node := range split(tree.Node, nil) {
		text := node.String()
		program, err := expr.Compile(text, append(options, expr.Env(variables{}), expr.Patch(forgiving{}))...)
		if err != nil {
			return nil, fmt.Errorf("filter: %w", err)
		}
		f.conjuncts = append(f.conjuncts, conjunct{text, program})
		f.data = f.data || mentions(node, "data")
	}
	return f, nil
}

// split is the conditions that && joins at the top, in order.
func split(node ast.Node, out []ast.Node) []ast.Node {
	if b, ok := node.(*ast.BinaryNode); ok && (b.Operator == "&&" || b.Operator == "and") {
		return split(b.Right, split(b.Left, out))
	}
	return append(out, node)
}

func mentions(node ast.Node, name string) bool {
	return ast.Find(node, func(n ast.Node) bool {
		id, ok := n.(*ast.IdentifierNode)
		return ok && id.Value == name
	}) != nil
}

// Match says whether the event passes. An error means that the filter and this event do not fit together; it holds no value
// of the event.
func (f *Filter) Match(e *Event) (bool, error) {
	vars, err := e.variables(f.data)
	if err != nil {
		return false, err
	}
	for _, c := range f.conjuncts {
		yes, err := c.says(vars)
		if err != nil {
			return false, fmt.Errorf("filter: %s: %w", c.text, err)
		}
		if !yes {
			return false, nil
		}
	}
	return true, nil
}

// No is one condition that kept an event away.
type No struct {
	Condition string // its text
	Err       error  // why it could not say; nil when it said no
}

// Explain is Match with every condition asked: the event passes when none of those that && joins at the top says no.
func (f *Filter) Explain(e *Event) (passes bool, noes []No) {
	vars, err := e.variables(f.data)
	if err != nil {
		return false, []No{{Err: err}}
	}
	for _, c := range f.conjuncts {
		if yes, err := c.says(vars); !yes || err != nil {
			noes = append(noes, No{c.text, err})
		}
	}
	return len(noes) == 0, noes
}

func (c conjunct) says(vars variables) (bool, error) {
	out, err := expr.Run(c.program, vars)
	if err != nil {
		return false, reason(err)
	}
	if out == nil {
		return false, nil
	}
	yes, ok := out.(bool)
	if !ok {
		return false, errNotYes
	}
	return yes, nil
}

// reason tells a run-time error without its text, which may hold a value.
func reason(err error) error {
	text := err.Error()
	for begin, told := range map[string]string{
		"cannot fetch": "a member is asked of what has none", "index out of range": "an index is out of range", "cannot slice": "what is sliced is no list",
	} {
		if strings.HasPrefix(text, begin) {
			return errors.New(told)
		}
	}
	if misfit, ok := errors.AsType[*misfit](err); ok {
		return misfit
	}
	return errors.New("the values do not fit the operation")
}
