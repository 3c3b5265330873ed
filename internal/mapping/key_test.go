package mapping

import (
	"regexp"
	"strings"
	"testing"

	"leadrelay/internal/lead"
)

func TestKeysAreSafeInEveryCRMAndNeverTheSameForTwoLeads(t *testing.T) {
	safe := regexp.MustCompile(`^[a-z0-9._-]+$`)
	ids := []string{"4626a582-afb9-48bf-8d86-87e6fe91a842", "44921", "044921", "FBHL-55672", "fbhl-55672", "a/b", "a_2fb", "a.b", "a%2Fb", "é", "e\u0301", "x.44921", "crf.44921", "_", "\x00", " "}
	for _, primary := range []bool{false, true} {
		seen := map[string]string{}
		for _, partner := range []string{"crf", "referral", "x"} {
			for _, id := range ids {
				keys, err := keyRule{Field: "k", Plain: "crf", Primary: primary}.keys(lead.Lead{Partner: partner, ID: id})
				if err != nil || len(keys) != 1 || !safe.MatchString(keys[0]) {
					t.Fatalf("%s %q: %q, %v", partner, id, keys, err)
				}
				if other := seen[strings.ToLower(keys[0])]; other != "" {
					t.Errorf("%s %q has the key of %s", partner, id, other)
				}
				if primary && !lead.IsUUID(keys[0]) {
					t.Errorf("%s %q: %q is no GUID", partner, id, keys[0])
				}
				seen[keys[0]] = partner + " " + id
			}
		}
	}
}

func TestLeadIsFoundByItsOwnIDFirstAndThenByItsReference(t *testing.T) {
	rule := keyRule{Field: "k", Plain: "crf"}
	keys, err := rule.keys(lead.Lead{Partner: "credzu", ID: "44921", Ref: "4626A582-AFB9-48bf-8d86-87e6fe91a842"})
	if err != nil || strings.Join(keys, " ") != "credzu.44921 4626a582-afb9-48bf-8d86-87e6fe91a842" {
		t.Errorf("got %q, %v", keys, err)
	}
	if _, err := rule.keys(lead.Lead{Partner: "crf", ID: strings.Repeat("x", 101)}); lead.KindOf(err) != lead.Refused {
		t.Errorf("an id that is too long: %v", err)
	}
}

func FuzzKey(f *testing.F) {
	f.Add("a_b", "a/b")
	f.Fuzz(func(t *testing.T, a, b string) {
		if a != b && strings.EqualFold(Key(a), Key(b)) {
			t.Errorf("%q and %q have one key", a, b)
		}
	})
}
