package invoke

import (
	"slices"
	"testing"

	"leadrelay/local/host/function"
	"leadrelay/local/host/newtonsoft"
)

func messages(t *testing.T, dataType, value string) []string {
	t.Helper()
	v, err := newtonsoft.Parse(value)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range Messages(function.Binding{DataType: dataType}, v) {
		list = append(list, string(m))
	}
	return list
}

func TestQueueOutputsAreRewritten_3(t *testing.T) {
	for value, want := range map[string][]string{
		`"hello world"`:                   {"hello world"},
		`{"a":{"b":1}}`:                   {"{\n  \"a\": {\n    \"b\": 1\n  }\n}"}, // an object, indented
		`"{\"a\":1.50}"`:                  {"{\n  \"a\": 1.5\n}"},                  // JSON in a string too
		`"[{\"a\":1},\"x\",2]"`:           {"{\n  \"a\": 1\n}", "x", "2"},          // an array fans out
		`["a",{}]`:                        {"a", "{}"},
		`[]`:                              nil,
		`"{not json}"`:                    {"{not json}"},
		`5`:                               {"5"},
		`true`:                            {"True"},
		`"2026-01-02T03:04:05Z"`:          {"01/02/2026 03:04:05"},
		`{"t":"2026-01-02T03:04:05.10Z"}`: {"{\n  \"t\": \"2026-01-02T03:04:05.1Z\"\n}"},
	} {
		if got := messages(t, "", value); !slices.Equal(got, want) {
			t.Errorf("%s became %q, want %q", value, got, want)
		}
	}
}

func TestBase64TrapDecodesWhatLooksLikeIt_3(t *testing.T) {
	for value, want := range map[string]string{
		`"test"`: "\xb5\xeb\x2d", `"12345678"`: "\xd7\x6d\xf8\xe7\xae\xfc", `"eyJhIjoxfQ=="`: `{"a":1}`, `"aGk ="`: "hi", `""`: "",
	} {
		if got := messages(t, "", value); !slices.Equal(got, []string{want}) {
			t.Errorf("%s became %q, want %q", value, got, want)
		}
	}
	for _, value := range []string{"tests", "{}", "a-b_", "dGVzdA"} {
		if got := messages(t, "", `"`+value+`"`); !slices.Equal(got, []string{value}) {
			t.Errorf("%s became %q", value, got)
		}
	}
	if got := messages(t, "binary", `"test"`); !slices.Equal(got, []string{"test"}) {
		t.Errorf("with dataType binary test became %q", got)
	}
}

func TestOutputsAreTakenByNameAndFromTheReturnValue_3(t *testing.T) {
	fn := &function.Function{Outputs: []function.Binding{{Type: "queue", Name: "q"}}}
	returning := &function.Function{Outputs: []function.Binding{{Type: "queue", Name: "$return"}, {Type: "queue", Name: "q"}}}
	for _, c := range []struct {
		fn         *function.Function
		body, name string
		want       newtonsoft.Value
	}{
		{fn, `{"Outputs":{"q":"x","other":"y"}}`, "q", "x"},
		{fn, `{"outputs":{"q":"x"}}`, "q", "x"},
		{fn, `{"Outputs":{"q":null}}`, "q", nil},
		{fn, `{"Outputs":null}`, "q", nil},
		{fn, `{"Extra":1}`, "q", nil},
		{fn, `{"ReturnValue":{"q":"merged"}}`, "q", "merged"},
		{fn, `{"ReturnValue":"text"}`, "q", nil},
		{returning, `{"ReturnValue":{"q":"not merged"}}`, "q", nil},
		{returning, `{"ReturnValue":"text"}`, "$return", "text"},
	} {
		r, err := parseResponse([]byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		if got, _ := r.Output(c.fn, c.name); got != c.want {
			t.Errorf("%s: %s = %v, want %v", c.body, c.name, got, c.want)
		}
	}
}

func TestShapeOfTheAnswerIsChecked_3(t *testing.T) {
	for _, body := range []string{"{", "[]", `"x"`, "5", `{"Outputs":[]}`, `{"Logs":"x"}`, `{"Logs":[{}]}`} {
		if r, err := parseResponse([]byte(body)); err == nil {
			t.Errorf("%s gave %+v", body, r)
		}
	}
	r, err := parseResponse([]byte(`{"LOGS":["a",1,"2026-01-02T03:04:05Z"]}`))
	if err != nil || !slices.Equal(r.Logs, []string{"a", "1", "2026-01-02T03:04:05Z"}) {
		t.Errorf("logs = %+v, %v", r, err)
	}
}
