package rule

import (
	"errors"
	"fmt"
	"strings"
	"sync"

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
	simple  *simple                     // answers most events without the program; nil when the condition is not that simple
	sure    bool                        // it fails for no event whose payload is an object
	data    bool                        // it asks for the payload
	program func() (*vm.Program, error) // compiled when it is first asked for
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
	if err := check(source); err != nil {
		return nil, err
	}
	if _, err := compile(source, expr.Env(terms{})); err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	f := &Filter{}
	for _, node := range split(tree.Node, nil) {
		text := node.String()
		kind, ok := sure(node)
		c := conjunct{text: text, simple: simply(node), sure: ok && kind.is(truth), data: mentions(node, "data")}
		c.program = sync.OnceValues(func() (*vm.Program, error) {
			return compile(text, expr.Env(variables{}), expr.Patch(forgiving{}))
		})
		if c.simple == nil {
			if _, err := c.program(); err != nil {
				return nil, fmt.Errorf("filter: %w", err)
			}
		}
		f.conjuncts = append(f.conjuncts, c)
		f.data = f.data || c.data
	}
	return f, nil
}

func compile(source string, more ...expr.Option) (*vm.Program, error) {
	options := append(functions(), expr.DisableAllBuiltins(), expr.MaxNodes(mostNodes), expr.AsBool(), expr.Optimize(false))
	return expr.Compile(source, append(options, more...)...)
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
	if f.data && e.readable() != nil {
		return false, errPayload
	}
	for i := range f.conjuncts {
		c := &f.conjuncts[i]
		yes, err := c.says(e)
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
	if f.data && e.readable() != nil {
		return false, []No{{Err: errPayload}}
	}
	for i := range f.conjuncts {
		c := &f.conjuncts[i]
		if yes, err := c.says(e); !yes || err != nil {
			noes = append(noes, No{c.text, err})
		}
	}
	return len(noes) == 0, noes
}

func (c *conjunct) says(e *Event) (bool, error) {
	if c.simple != nil {
		if yes, ok := c.simple.says(e); ok {
			return yes, nil
		}
	}
	vars, err := e.variables(c.data)
	if err != nil {
		return false, err
	}
	program, err := c.program()
	if err != nil {
		return false, err
	}
	machine, _ := e.vms.Get().(*vm.VM)
	if machine == nil {
		machine = &vm.VM{}
	}
	defer e.vms.Put(machine)
	out, err := machine.Run(program, vars)
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
