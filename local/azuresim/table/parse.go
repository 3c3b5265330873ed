package table

import "strings"

// parser reads a filter by recursive descent.
type parser struct {
	tokens []token
	i      int
	depth  int
}

// maxDepth bounds nesting.
const maxDepth = 100

// word takes the next token if it is this word.
func (p *parser) word(w string) bool {
	if p.i < len(p.tokens) && !p.tokens[p.i].literal && p.tokens[p.i].word == w {
		p.i++
		return true
	}
	return false
}

func (p *parser) or() (filter, bool) {
	f, ok := p.and()
	for ok && p.word("or") {
		var g filter
		g, ok = p.and()
		f = either{f, g}
	}
	return f, ok
}

func (p *parser) and() (filter, bool) {
	f, ok := p.not()
	for ok && p.word("and") {
		var g filter
		g, ok = p.not()
		f = both{f, g}
	}
	return f, ok
}

func (p *parser) not() (filter, bool) {
	if p.depth++; p.depth > maxDepth {
		return nil, false
	}
	defer func() { p.depth-- }()
	switch {
	case p.word("not"):
		f, ok := p.not()
		return negated{f}, ok
	case p.word("("):
		f, ok := p.or()
		return f, ok && p.word(")")
	}
	return p.comparison()
}

func (p *parser) next() (token, bool) {
	if p.i >= len(p.tokens) {
		return token{}, false
	}
	p.i++
	return p.tokens[p.i-1], true
}

func (p *parser) comparison() (filter, bool) {
	a, ok := p.next()
	if !ok {
		return nil, false
	}
	if p.i == len(p.tokens) || p.tokens[p.i].literal || !strings.Contains(" eq ne lt le gt ge ", " "+p.tokens[p.i].word+" ") {
		if a.literal {
			return fixed(a.v.n == 1), a.v.kind == boolean
		}
		return truth{a.word}, a.word != ")"
	}
	op := p.tokens[p.i].word
	p.i++
	b, ok := p.next()
	switch {
	case !ok || a.literal == b.literal:
		return nil, false
	case a.literal:
		return compare{b.word, mirrored(op), a.v}, true
	}
	return compare{a.word, op, b.v}, true
}

func mirrored(op string) string {
	switch op {
	case "lt":
		return "gt"
	case "le":
		return "ge"
	case "gt":
		return "lt"
	case "ge":
		return "le"
	}
	return op
}

// span is where the rows lie that a filter can match: [from, to] of partitions, and of rows when there is one partition.
type span struct {
	from, to     [2]string // partition, row
	above        [2]bool   // there is a to
	onePartition bool
}

// spanOf narrows by what the filter says of the two keys on its top level.
func spanOf(f filter) span {
	var s span
	s.narrow(f)
	s.onePartition = s.above[0] && s.from[0] == s.to[0]
	return s
}

func (s *span) narrow(f filter) {
	if b, ok := f.(both); ok {
		s.narrow(b.a)
		s.narrow(b.b)
		return
	}
	c, ok := f.(compare)
	i := strings.Index("PartitionKey RowKey", c.name)
	if !ok || c.v.kind != text || c.name != "PartitionKey" && c.name != "RowKey" {
		return
	}
	if i > 0 {
		i = 1
	}
	if c.op == "eq" || c.op == "ge" || c.op == "gt" {
		s.from[i] = max(s.from[i], c.v.s)
	}
	if c.op == "eq" || c.op == "le" || c.op == "lt" {
		if !s.above[i] || c.v.s < s.to[i] {
			s.to[i] = c.v.s
		}
		s.above[i] = true
	}
}

// first is the key at which to begin.
func (s *span) first() string {
	if s.onePartition {
		return key(s.from[0], s.from[1])
	}
	return key(s.from[0], "")
}

// over says that an entity, and all behind it, lie behind the span.
func (s *span) over(e *entity) bool {
	if s.above[0] && e.partition > s.to[0] {
		return true
	}
	return s.onePartition && s.above[1] && e.partition == s.to[0] && e.row > s.to[1]
}
