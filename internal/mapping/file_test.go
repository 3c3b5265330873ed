package mapping

import (
	"strings"
	"testing"
)

func TestFileIsReadStrictly(t *testing.T) {
	for file, says := range map[string]string{
		"":                            "empty",
		"version: 1\n---\nversion: 1": "more than one document",
		head + "  - {to: lead, on: [x], when: 1}":                                        "field when not found",
		oneField("{path: a, whatever: 1}"):                                               "field whatever not found",
		oneField("{path: a, null: clear}"):                                               "a key is null",
		oneField("&x {path: a}"):                                                         "anchors",
		oneField("{path: a, path: b}"):                                                   "already defined",
		oneField("{}"):                                                                   "exactly one of path, expr and const",
		oneField("{path: a, expr: '1'}"):                                                 "exactly one of path, expr and const",
		oneField("{path: a..b}"):                                                         "empty step",
		oneField("{path: lead.emial}"):                                                   "we have no lead.emial",
		oneField("{path: lead}"):                                                         "we have no lead",
		oneField("{path: a, as: float}"):                                                 "as: must be one of",
		oneField("{path: a, onNull: keep}"):                                              "onNull: must be one of",
		oneField("{path: a, onMissing: raw}"):                                            "onMissing: needs lookup",
		oneField("{path: a, onLong: truncate}"):                                          "onLong: needs max",
		oneField("{path: a, max: -1}"):                                                   "at least 1",
		oneField("{path: a, decimals: 2}"):                                               "decimals",
		oneField("{path: a, lookup: nowhere}"):                                           "no table \"nowhere\"",
		oneField("{path: a, stages: [done]}"):                                            "stages: must be one of",
		oneField("{const: [1]}"):                                                         "const: must be a text",
		oneField("{expr: 'lead.emial'}"):                                                 "expr",
		strings.Replace(oneField("{path: a}"), "version: 1", "version: 2", 1):            "version: must be 1",
		strings.Replace(oneField("{path: a}"), "field: k, ", "", 1):                      "key.field",
		strings.Replace(oneField("{path: a}"), "field: k", "field: k, primary: true", 1): "exclude each other",
		strings.Replace(oneField("{path: a}"), "plain: crf", "plain: '*'", 1):            "key.plain",
		strings.Replace(oneField("{path: a}"), "on: [crf.lead]", "on: []", 1):            "on: must list",
		strings.Replace(oneField("{path: a}"), "on: [crf.lead]", "on: ['*.lead']", 1):    "is no event type",
		strings.Replace(oneField("{path: a}"), ", on: [", ", newest: f, on: [", 1):       "newest",
		strings.Replace(oneField("{path: a}"), "f:", "k:", 1):                            "is the key",
		oneField("{path: a}") + "  - {to: lead, on: ['crf.*'], fields: {f: {const: 1}}}": "another block writes it too",
		strings.Replace(strings.Replace(oneField("{path: a}"), "dataverse", "salesforce", 1), "field: k", "primary: true", 1): "only dataverse",
		"version: 1\ncrm: dataverse\nkey: {field: k, plain: crf}":                                                             "writes: is empty",
		strings.Repeat("#", maxFile+1): "longer than",
	} {
		if _, err := Parse([]byte(file)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.120s: want a complaint that says %q, got %v", file, says, err)
		}
	}
}

func TestBlocksForOtherEventsMayWriteTheSameField(t *testing.T) {
	for _, other := range []string{"on: [acme.lead]", "on: ['crf.l*'], about: activity"} {
		text := strings.Replace(oneField("{path: a}"), ", on: [", ", about: lead, on: [", 1) + "  - {to: lead, " + other + ", fields: {f: {const: 1, max: 1}}}"
		m, err := Parse([]byte(text))
		if err != nil || len(m.Columns()) != 2 {
			t.Errorf("%s: %v", other, err)
		}
	}
}

func TestHashFollowsTheMeaningAndNotTheText(t *testing.T) {
	hash := func(text string) string {
		m, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return m.Hash()
	}
	base := oneField("{path: a, max: 3}")
	if hash(base) != hash("# a remark\n"+strings.Replace(base, "path: a, max: 3", "max: 3, path: a", 1)) {
		t.Error("a remark and the order change the hash")
	}
	m, err := Parse([]byte(base))
	if err != nil {
		t.Fatal(err)
	}
	keyed, err := m.WithKey("primary")
	if err != nil || keyed.Hash() == m.Hash() || keyed.KeyField() != "" || m.KeyField() != "k" || hash(base) == hash(oneField("{path: a, max: 4}")) {
		t.Errorf("another meaning has the same hash: %v", err)
	}
	if _, err := m.WithKey("a b"); err == nil {
		t.Error("what is no field's name is taken for a key")
	}
}

func TestExpressionsThatCouldRunAwayAreRefused(t *testing.T) {
	for _, source := range []string{
		`reduce(1..9, # + #acc)`, `map(payload.a, # + 1)`, `1..1000000`, `repeat("x", 1000000)`, `now()`, `get(payload, "a")`, `toJSON(payload)`, `fromJSON(payload.a)`,
		`let s = payload.a; s + s`, `payload.a matches payload.b`, `join(payload.a, payload.b)`, `join(payload.a)`, `join(payload.a, "01234567890123456789")`, `replace(payload.a, "", payload.b)`,
		`any(payload.a, any(payload.b, # == 1))`, `count(filter(payload.a, # > 1), # > 2)`, `{"a": 1}`, `sortBy(payload.a, #)`, `groupBy(payload.a, #)`, `date("2020-01-01")`,
		`env`, `$env`, `nosuch(1)`, `payload.f()`, `lead.Email()`, strings.Repeat("1+", 300) + "1", `"` + strings.Repeat("x", 1100) + `"`, `flatten(payload.a)`, `concat(payload.a, payload.a)`, `uniq(payload.a)`,
	} {
		if _, err := compileExpr(source); err == nil {
			t.Errorf("%.60s is taken", source)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60s: want one line, got %v", source, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(oneField("{path: a}"))
	f.Add(oneField("{expr: 'payload.a?.b ?? lead.status', as: string, max: 10, onLong: truncate}"))
	f.Add(oneField("{path: a, as: multiselect, lookup: word, onMissing: raw, default: x, stages: [open]}"))
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse([]byte(text))
		if err != nil {
			return
		}
		_, _ = m.Render(event(), []byte(`{"a":{"b":[1.50,"x",null]}}`))
	})
}
