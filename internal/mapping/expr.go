package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"leadrelay/internal/lead"
)

// Bounds of one expression. It cannot be interrupted, so what it can cost is bounded by what it may say.
const (
	maxExpr      = 1 << 10 // bytes
	maxNodes     = 200
	maxSeparator = 16 // of join, in bytes
)

// env is what an expression sees. `lead` and `event` are typed, so that a typing error is found when the map is read.
type env struct {
	Payload map[string]any `expr:"payload"`
	Lead    leadEnv        `expr:"lead"`
	Event   eventEnv       `expr:"event"`
}

type leadEnv struct {
	Partner   string  `expr:"partner"`
	ID        string  `expr:"id"`
	Ref       string  `expr:"ref"`
	Status    string  `expr:"status"`
	State     string  `expr:"state"`
	Stage     string  `expr:"stage"`
	Created   string  `expr:"created"` // RFC 3339 in UTC, empty when unknown
	Amount    float64 `expr:"amount"`
	Purpose   string  `expr:"purpose"`
	First     string  `expr:"first"`
	Last      string  `expr:"last"`
	Email     string  `expr:"email"`
	Phone     string  `expr:"phone"`
	Business  string  `expr:"business"`
	FraudRisk float64 `expr:"fraudScore"`
}

type eventEnv struct {
	Type     string `expr:"type"`     // "credzu.mortgage_ready"
	Word     string `expr:"word"`     // "mortgage_ready"
	Key      string `expr:"key"`      // an id of the event that is always the same
	Occurred string `expr:"occurred"` // RFC 3339 in UTC, empty when the partner does not say
	Priority string `expr:"priority"`
}

func newEnv(e *lead.Event, id string, payload map[string]any) env {
	l := &e.Lead
	return env{
		Payload: payload,
		Lead: leadEnv{
			Partner: l.Partner, ID: l.ID, Ref: l.Ref, Status: l.Status, State: l.State, Stage: l.Stage.String(), Created: zulu(l.Created),
			Amount: l.Amount.Float(), Purpose: l.Purpose, First: l.Contact.First, Last: l.Contact.Last, Email: l.Contact.Email,
			Phone: l.Contact.Phone, Business: l.Business.Name, FraudRisk: l.FraudScore.Float(),
		},
		Event: eventEnv{Type: e.Type, Word: word(e), Key: id, Occurred: zulu(e.Occurred), Priority: e.Priority.String()},
	}
}

// word is the partner's own part of an event's type.
func word(e *lead.Event) string {
	_, word, _ := strings.Cut(e.Type, ".")
	return word
}

// EventID is a UUID of the event that is the same whenever the event comes again, linked to another lead or not.
func EventID(e lead.Event) string { return ID(append([]string{"event", e.Type}, e.Key...)...) }

func zulu(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// functions are what an expression may call; builtins with a predicate are named in predicates.
func functions() []string {
	return []string{"lower", "upper", "trim", "trimPrefix", "trimSuffix", "hasPrefix", "hasSuffix", "indexOf", "split", "join",
		"len", "int", "float", "string", "abs", "ceil", "floor", "round", "max", "min", "first", "last", "type"}
}

func predicates() []string { return []string{"all", "any", "one", "none", "filter", "find", "count"} }

// compileExpr compiles an expression that may only say what its bounds allow (facts/crm.md §7.1): DisableAllBuiltins
// leaves the predicate forms in, so the tree is walked as well.
func compileExpr(source string) (*vm.Program, error) {
	if len(source) > maxExpr {
		return nil, fmt.Errorf("is longer than %d bytes", maxExpr)
	}
	parsed, err := parser.Parse(source)
	if err != nil {
		return nil, oneLine(err)
	}
	guard := &guard{}
	root := parsed.Node
	ast.Walk(&root, guard)
	if guard.err != nil {
		return nil, guard.err
	}
	options := []expr.Option{expr.Env(env{}), expr.MaxNodes(maxNodes), expr.DisableAllBuiltins()}
	for _, name := range append(functions(), predicates()...) {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(source, options...)
	if err != nil {
		return nil, oneLine(err)
	}
	return program, nil
}

func oneLine(err error) error {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(first)
}

// guard refuses what could run away: let (it doubles texts), ranges, reduce and map, predicates within predicates,
// patterns and separators that come from the payload.
type guard struct{ err error }

// Visit implements [ast.Visitor]; children are visited before their parents.
func (g *guard) Visit(node *ast.Node) {
	if why := refusal(*node); why != "" && g.err == nil {
		g.err = errors.New(why)
	}
}

func refusal(node ast.Node) string {
	switch n := node.(type) {
	case *ast.BuiltinNode:
		return refuseBuiltin(n)
	case *ast.BinaryNode:
		if _, fixed := n.Right.(*ast.StringNode); n.Operator == "matches" && !fixed {
			return "the pattern of matches must be a plain text"
		}
		if n.Operator == ".." {
			return "ranges are not allowed"
		}
	case *ast.IdentifierNode:
		if n.Value == "$env" {
			return "$env is not allowed"
		}
	case *ast.CallNode:
		return "there is no such function: " + n.Callee.String()
	case *ast.VariableDeclaratorNode, *ast.SequenceNode, *ast.MapNode, *ast.BytesNode:
		return "let, sequences, {} and bytes are not allowed"
	}
	return ""
}

func refuseBuiltin(n *ast.BuiltinNode) string {
	if slices.Contains(predicates(), n.Name) {
		for _, arg := range n.Arguments {
			inner := ast.Find(arg, func(x ast.Node) bool {
				b, ok := x.(*ast.BuiltinNode)
				return ok && slices.Contains(predicates(), b.Name)
			})
			if inner != nil {
				return n.Name + ": a predicate within a predicate is not allowed"
			}
		}
		return ""
	}
	if !slices.Contains(functions(), n.Name) {
		return "function " + n.Name + " is not allowed"
	}
	if n.Name == "join" {
		sep, fixed := n.Arguments[len(n.Arguments)-1].(*ast.StringNode)
		if len(n.Arguments) != 2 || !fixed || len(sep.Value) > maxSeparator {
			return fmt.Sprintf("join needs a separator: a plain text of at most %d bytes", maxSeparator)
		}
	}
	return ""
}
