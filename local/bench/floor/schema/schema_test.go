package schema_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/mailru/easyjson"

	"leadrelay/local/bench/floor/schema"
	"leadrelay/local/bench/lead"
)

// TestBothDecodersReadTheSame wants the generated code and encoding/json to agree on every field.
func TestBothDecodersReadTheSame(t *testing.T) {
	var generated, reflected schema.Lead
	if err := easyjson.Unmarshal(lead.Lead(), &generated); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(lead.Lead(), &reflected); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(generated, reflected) || generated.ProductSet == nil || *generated.ProductSet.Name != "Some Active Fund" {
		t.Errorf("generated %+v\nreflected %+v", generated, reflected)
	}
	if _, is := any(&generated).(json.Unmarshaler); is {
		t.Error("encoding/json would use the generated code")
	}
	if wrong := generated.Check(); wrong != "" {
		t.Errorf("the sample is wrong at %s", wrong)
	}
}

// TestEveryListIsChecked breaks one value after the other.
func TestEveryListIsChecked(t *testing.T) {
	for field, old := range map[string]string{"id": `"4626a582-afb9-48bf-8d86-87e6fe91a842"`, "submissionId": `"3295f494-0607-43ce-afff-28b5b71838e2"`, "status": `"Matched"`, "state": `"Submitted"`,
		"useOfProceeds": `"Working Capital"`, "collateralTypes": `"Inventory"`, "industry": `"Retail"`, "ficoScore": `"_660To699"`, "technicalAssistanceOptions": `"BusinessPlan"`,
		"withdrawnReason": `"BorrowerStoppedResponding"`, "productSet.id": `"668c6030-8b80-4c49-ab37-3689469ae31f"`, "fraudScore": `0.15`, "statistics": `-93.2639915`} {
		value := `"no such thing"`
		if old[0] != '"' {
			value = "1000"
		}
		var l schema.Lead
		if err := easyjson.Unmarshal([]byte(strings.Replace(string(lead.Lead()), old, value, 1)), &l); err != nil {
			t.Fatal(err)
		}
		if got := l.Check(); got != field {
			t.Errorf("%s: %q is named", field, got)
		}
	}
}

func BenchmarkDecodeAndCheck(b *testing.B) {
	body := lead.Lead()
	for name, decode := range map[string]func(*schema.Lead) error{
		"generated": func(l *schema.Lead) error { return easyjson.Unmarshal(body, l) },
		"reflected": func(l *schema.Lead) error { return json.Unmarshal(body, l) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var l schema.Lead
				if err := decode(&l); err != nil || l.Check() != "" {
					b.Fatal(err)
				}
			}
		})
	}
}
