package app

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"leadrelay/internal/config"
	"leadrelay/internal/drain"
	"leadrelay/internal/schedule"
)

func TestAlertsAreSignedAsStandardWebhooks(t *testing.T) {
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := verifier.Verify(body, r.Header); err != nil {
			t.Error(err)
		}
		got++
	}))
	defer endpoint.Close()
	env := config.New([]string{"LEADRELAY_ALERT_URL=" + endpoint.URL, "LEADRELAY_ALERT_SECRET=" + secret, "LEADRELAY_ALERT_PRIVATE=true"})
	notify := openNotifier(env, time.Now)
	if notify == nil {
		t.Fatal(env.Err())
	}
	if err := notify(context.Background(), "abc123", []byte(`{"type":"leadrelay.alert"}`)); err != nil || got != 1 {
		t.Errorf("told %d times: %v", got, err)
	}
}

func TestLaneIsOverdueWhenItMissedTwoTurns(t *testing.T) {
	timer, err := schedule.Parse("0 */5 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	daily, err := schedule.Parse("0 0 6 * * *")
	if err != nil {
		t.Fatal(err)
	}
	late := overdue([]drain.Lane{{Name: "often"}, {Name: "daily", Schedule: daily}}, timer)
	last := time.Date(2026, 11, 21, 6, 5, 0, 0, time.UTC)
	for _, c := range []struct {
		lane  string
		after time.Duration
		want  bool
	}{{"often", 20 * time.Minute, false}, {"often", 26 * time.Minute, true}, {"daily", 30 * time.Hour, false}, {"daily", 49 * time.Hour, true}} {
		if got := late[c.lane](last, last.Add(c.after)); got != c.want {
			t.Errorf("%s after %v: overdue is %v", c.lane, c.after, got)
		}
	}
}
