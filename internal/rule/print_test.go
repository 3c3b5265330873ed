package rule

import (
	"testing"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"leadrelay/internal/lead"
)

// FuzzConjunctMeansWhatItsSourceMeans guards what Compile relies on: a condition that expr prints out of its tree is read again as
// the same condition.
func FuzzConjunctMeansWhatItsSourceMeans(f *testing.F) {
	for _, source := range []string{
		`!(data.a == 1) && -(-data.b) > 1`, `(data.a or data.b) and data.c`, `(data.a ?? (data.b ?? 1)) == 1`, `(data.a ? data.b : data.c).d == 1`,
		`(data.a ? true : false) ? data.b : data.c ? true : false`, `data.a not in ["x\u00e9\n\"", 'y']`, `data.a[1:][:2][-1] == nil`, `data["a b"].c?.d["é"] == 0.10`,
		`not not data.a`, `(1 - (2 - 3)) / (4 / 5) == data.a * (2 + 3)`, `any(data.a, {# > 1 && .b.c == #index})`, `!any(data.a, !#)`, `(data.a == 1) == (data.b == 2)`, `1e30 > data.a`,
		`data.a matches "\\d+" or !(data.a contains "x")`, `data.a == nil ? data.b : data.c == (data.d ? 1 : 2)`, "data.a == `raw \\ text`", `data.a == 0x1F`, `-1 in data.a`, `(data?.a).b == 1`,
	} {
		f.Add(source, `{"a":{"b":[true,2],"c":"x"},"b":[1,2],"c":true,"d":2.5}`)
	}
	f.Fuzz(func(t *testing.T, source, payload string) {
		filter, err := Compile(source)
		if err != nil || len(filter.conjuncts) == 0 {
			return
		}
		whole, err := expr.Compile(source, append(functions(), expr.DisableAllBuiltins(), expr.AsBool(), expr.Optimize(false), expr.Env(variables{}), expr.Patch(forgiving{}))...)
		if err != nil {
			t.Fatal(err)
		}
		e := NewEvent(lead.Event{}, []byte(payload))
		if e.readable() != nil {
			return
		}
		want, wantErr := (&conjunct{program: func() (*vm.Program, error) { return whole, nil }, data: true}).says(e)
		got, gotErr := filter.Match(e)
		if got != want || (gotErr == nil) != (wantErr == nil) {
			t.Errorf("%s: %t, %v, want %t, %v", source, got, gotErr, want, wantErr)
		}
	})
}
