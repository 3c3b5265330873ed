package invoke

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"leadrelay/local/host/newtonsoft"
)

// decode returns Data and Metadata of a body with RandGuid blanked.
func decode(t *testing.T, p Payload, retry *RetryContext) string {
	t.Helper()
	body := p.body("ProcessLead", retry, time.Date(2026, 1, 2, 3, 4, 5, 123456700, time.UTC))
	if !json.Valid([]byte(body)) {
		t.Fatalf("not JSON: %s", body)
	}
	return regexp.MustCompile(`"RandGuid":"[0-9a-f-]{36}"`).ReplaceAllString(body, `"RandGuid":"GUID"`)
}

func queueData(t *testing.T) *newtonsoft.Object {
	t.Helper()
	at := func(text string) Instant {
		parsed, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return Instant(parsed.UTC())
	}
	o := &newtonsoft.Object{Fold: true}
	o.Set("QueueTrigger", "dropped")
	o.Set("DequeueCount", newtonsoft.Int(1))
	o.Set("ExpirationTime", at("2026-01-09T03:04:05.9Z"))
	o.Set("Id", "4e77")
	o.Set("InsertionTime", at("2026-01-02T03:04:05Z"))
	o.Set("NextVisibleTime", at("2026-01-02T03:14:05Z"))
	o.Set("PopReceipt", "AgAAAA")
	return o
}

const sysText = `"sys":{"MethodName":"ProcessLead","UtcNow":"2026-01-02T03:04:05.1234567Z","RandGuid":"GUID"}`

func TestWorkedExampleOfAQueueMessage_2_3(t *testing.T) {
	text := `{"id":"lead-1","n":5,"ok":true,"tags":["a"],"lead":{"k":1}}`
	got := decode(t, Payload{Binding: "msg", Value: text, BindingData: queueData(t)}, nil)
	want := `{"Data":{"msg":"\"{\\\"id\\\":\\\"lead-1\\\",\\\"n\\\":5,\\\"ok\\\":true,\\\"tags\\\":[\\\"a\\\"],\\\"lead\\\":{\\\"k\\\":1}}\""},` +
		`"Metadata":{"DequeueCount":"1","ExpirationTime":"2026-01-09T03:04:05+00:00","Id":"\"lead-1\"",` +
		`"InsertionTime":"2026-01-02T03:04:05+00:00","NextVisibleTime":"2026-01-02T03:14:05+00:00","PopReceipt":"\"AgAAAA\"",` +
		sysText + `,"n":"\"5\"","ok":"\"True\"","lead":{"k":1}}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEveryKindOfValueIsEncodedByItsRule_2_2(t *testing.T) {
	object := &newtonsoft.Object{}
	object.Set("a", newtonsoft.Int(1))
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"string": {"abc", `"\"abc\""`}, "number": {newtonsoft.Int(1), `"1"`}, "true": {true, `"true"`}, "null": {nil, `"null"`},
		"double": {2.5, `"2.5"`}, "array": {newtonsoft.Array{newtonsoft.Int(1), "x"}, `"[1,\"x\"]"`}, "object": {object, `{"a":1}`},
		"bytes": {[]byte{1, 2, 255}, `"AQL/"`}, "quoted": {"a\"b\n", `"\"a\\\"b\\n\""`},
		"date": {Instant(time.Date(2026, 1, 2, 3, 4, 5, 999_000_000, time.UTC)), `"2026-01-02T03:04:05+00:00"`},
		"far":  {Instant(time.Date(9999, 12, 31, 23, 59, 59, 999_999_900, time.UTC)), `"9999-12-31T23:59:59+00:00"`},
	} {
		if got := newtonsoft.Compact(encode(c.value)); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestMessagePropertiesOverwriteTheSystems_2_3(t *testing.T) {
	text := `{"ID":"x","dequeueCount":99,"popReceipt":null,"Sys":"mine","fooTrigger":1,"when":"2026-01-02T03:04:05.5Z","price":25000.00,"list":[1]}`
	got := decode(t, Payload{Binding: "msg", Value: text, BindingData: queueData(t)}, nil)
	_, metadata, _ := strings.Cut(got, `"Metadata":`)
	want := `{"DequeueCount":"\"99\"","ExpirationTime":"2026-01-09T03:04:05+00:00","Id":"\"x\"",` +
		`"InsertionTime":"2026-01-02T03:04:05+00:00","NextVisibleTime":"2026-01-02T03:14:05+00:00","PopReceipt":"\"AgAAAA\"",` +
		`"sys":"\"mine\"","when":"\"01/02/2026 03:04:05\"","price":"\"25000\""}}`
	if metadata != want {
		t.Errorf("got  %s\nwant %s", metadata, want)
	}
}

func TestOnlyJSONObjectsInStringsAreMerged_2_3(t *testing.T) {
	for _, value := range []any{"plain", `[{"a":1}]`, `{"a":`, "", []byte(`{"a":1}`), `"{\"a\":1}"`} {
		if got := decode(t, Payload{Binding: "msg", Value: value, BindingData: &newtonsoft.Object{}}, nil); !strings.HasSuffix(got, `"Metadata":{`+sysText+`}}`) {
			t.Errorf("%q: %s", value, got)
		}
	}
}

func TestBinaryMessagesAreBase64Once_2_3(t *testing.T) {
	got := decode(t, Payload{Binding: "msg", Value: []byte{0xff, 0}, BindingData: &newtonsoft.Object{}}, nil)
	if !strings.HasPrefix(got, `{"Data":{"msg":"/wA="}`) {
		t.Errorf("got %s", got)
	}
}

func TestRetryContextIsInTheMetadata_2_2(t *testing.T) {
	got := decode(t, Payload{Binding: "msg", Value: "x", BindingData: &newtonsoft.Object{}}, &RetryContext{RetryCount: 1, MaxRetryCount: 3, Err: errors.New("broke")})
	want := `"RetryContext":{"RetryCount":1,"MaxRetryCount":3,"Exception":{"ClassName":"System.Exception","Message":"broke"},"Instance":null,"State":{}}}}`
	if !strings.HasSuffix(got, want) {
		t.Errorf("got %s", got)
	}
}
