package route_test

import (
	"strings"
	"testing"

	"leadrelay/local/host/route"
)

// match returns "name=value ..." with "-" for an absent parameter, or "no".
func match(t *testing.T, template, path string) string {
	t.Helper()
	r, err := route.Parse(template)
	if err != nil {
		t.Fatal(err)
	}
	params, ok := r.Match(path)
	if !ok {
		return "no"
	}
	var b strings.Builder
	for _, p := range params {
		value := p.Value
		if !p.Present {
			value = "-"
		}
		b.WriteString(p.Name + "=" + value + " ")
	}
	return strings.TrimSpace(b.String())
}

func TestTemplatesMatchAsInASPNET_5_1(t *testing.T) {
	for _, c := range [][3]string{
		{"webhooks/{partner}/{token?}", "/webhooks/crf/t", "partner=crf token=t"},
		{"webhooks/{partner}/{token?}", "/WEBHOOKS/crf", "partner=crf token=-"},
		{"webhooks/{partner}/{token?}", "/webhooks/crf/", "partner=crf token=-"},
		{"webhooks/{partner}/{token?}", "/webhooks", "no"},
		{"webhooks/{partner}/{token?}", "/webhooks/crf/t/more", "no"},
		{"webhooks/{partner}", "/webhooks//", "no"},
		{"/a/b/", "/A/B/", ""},
		{"", "/", ""},
		{"", "/x", "no"},
		{"{*rest}", "/a/b%20c/d", "rest=a/b c/d"},
		{"{*rest}", "/", "rest=-"},
		{"files/{**path}", "/files/a/b", "path=a/b"},
		{"x/{id=7}", "/x", "id=7"},
		{"x/{id=7}", "/x/8", "id=8"},
		{"{a}-{b}", "/x-y-z", "a=x-y b=z"},
		{"{name}.{ext?}", "/file.txt", "name=file ext=txt"},
		{"{p}", "/a%2Fb", "p=a%2Fb"},
		{"{p}", "/a%20b%C3%A9", "p=a bé"},
		{"v{version}", "/v2", "version=2"},
	} {
		if got := match(t, c[0], c[1]); got != c[2] {
			t.Errorf("%s on %s: %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestConstraintsHold_5_1(t *testing.T) {
	for _, c := range []struct{ constraint, fits, not string }{
		{"int", "-5", "5.0"}, {"int", "2147483647", "2147483648"}, {"long", "2147483648", "x"}, {"bool", "True", "1"}, {"alpha", "abc", "a1"},
		{"guid", "24ad4c06-1111-2222-3333-444455556666", "24ad"}, {"decimal", "1.5", "x"}, {"double", "1e5", "e"}, {"float", "1.5", "x"},
		{"datetime", "2026-01-02", "today"}, {"min(3)", "3", "2"}, {"max(3)", "3", "4"}, {"range(2,4)", "4", "5"}, {"length(3)", "abc", "ab"},
		{"length(1,2)", "ab", "abc"}, {"minlength(2)", "ab", "a"}, {"maxlength(2)", "ab", "abc"}, {`regex(^\d{{3}}$)`, "123", "12"}, {"int:min(3)", "4", "2"},
		{"required", "x", ""},
	} {
		if got := match(t, "{v:"+c.constraint+"}", "/"+c.fits); got != "v="+c.fits {
			t.Errorf("%s refuses %q", c.constraint, c.fits)
		}
		if got := match(t, "{v:"+c.constraint+"}", "/"+c.not); got != "no" {
			t.Errorf("%s allows %q", c.constraint, c.not)
		}
	}
	if got := match(t, "{v:int?}", "/"); got != "v=-" {
		t.Errorf("an optional parameter with a constraint: %q", got)
	}
}

func TestBadTemplatesAreRefused_5_1(t *testing.T) {
	for _, text := range []string{"{a", "{*a}/b", "{a:colour}", "{a:min(x)}", "{}", "{a:size(3)}", "{a:regex(()}"} {
		if _, err := route.Parse(text); err == nil {
			t.Errorf("Parse(%q) gave no error", text)
		}
	}
}
