package rule

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// place is where a condition finds a value: a leaf, or a member of the payload.
type place struct {
	name string   // as a filter writes it
	leaf int      // of leaves; -1 for the payload
	path []string // names of members of the payload
}

// placeOf is the place that a node names.
func placeOf(n ast.Node) (place, bool) {
	var path []string
	for {
		switch at := n.(type) {
		case *ast.ChainNode: // a?.b, which every member is
			n = at.Node
			continue
		case *ast.MemberNode:
			name, ok := at.Property.(*ast.StringNode)
			if !ok {
				return place{}, false
			}
			path = append(path, name.Value)
			n = at.Node
			continue
		case *ast.IdentifierNode:
			slices.Reverse(path)
			return named(at.Value, path)
		}
		return place{}, false
	}
}

func named(root string, path []string) (place, bool) {
	p := place{name: strings.Join(append([]string{root}, path...), "."), leaf: -1, path: path}
	if root == "data" {
		p.name = root + "\x00" + strings.Join(path, "\x00") // a member's name may hold a dot
		return p, true
	}
	p.leaf = slices.IndexFunc(leaves[:], func(l leaf) bool { return l.name == p.name })
	return p, p.leaf >= 0
}

// of is the value there, nil when it is absent; not ok is for asking what has no members for one, or for a payload that
// is no JSON.
func (p *place) of(e *Event) (v any, ok bool) {
	if p.leaf >= 0 {
		return e.values()[p.leaf], true
	}
	v, err := e.data()
	if err != nil {
		return nil, false
	}
	for _, name := range p.path {
		if v == nil {
			return nil, true
		}
		members, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		v = members[name]
	}
	return v, true
}

// literal is the constant that a node is.
func literal(n ast.Node) (any, bool) {
	switch n := n.(type) {
	case *ast.NilNode:
		return nil, true
	case *ast.IntegerNode:
		return n.Value, true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.StringNode:
		return n.Value, true
	case *ast.BoolNode:
		return n.Value, true
	case *ast.UnaryNode:
		v, _ := literal(n.Node)
		if f, ok := float(v); ok && n.Operator == "-" {
			return 0 - f, true // as forgiving has it
		}
	}
	return nil, false
}

// literals are the constants that a node lists.
func literals(n ast.Node) ([]any, bool) {
	list, ok := n.(*ast.ArrayNode)
	if !ok {
		return nil, false
	}
	out := make([]any, len(list.Nodes))
	for i, n := range list.Nodes {
		if out[i], ok = literal(n); !ok {
			return nil, false
		}
	}
	return out, true
}
