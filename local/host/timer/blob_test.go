package timer

import (
	"testing"
	"time"

	"leadrelay/local/azurite/azuritetest"
	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/settings"
	"leadrelay/local/host/storage"
)

func TestStatusAndLockLiveInBlobs_6_1(t *testing.T) {
	app, err := settings.Load("", false, []string{"AzureWebJobsStorage=" + azuritetest.Start(t).ConnectionString()})
	if err != nil {
		t.Fatal(err)
	}
	account, err := storage.Open(app, "AzureWebJobsStorage")
	if err != nil {
		t.Fatal(err)
	}
	b := &Blobs{Container: account.Container(ContainerName), HostID: "myhost", Period: 15 * time.Second}
	ctx := hosttest.Context(t)
	if s, err := b.Load(ctx, "Sweep"); s != nil || err != nil {
		t.Fatalf("before all: %v, %v", s, err)
	}
	want := Status{Next: time.Date(2026, 1, 2, 3, 5, 0, 0, time.UTC), LastUpdated: time.Date(2026, 1, 2, 3, 0, 0, 12_345_600, time.UTC)}
	if err := b.Save(ctx, "Sweep", want); err != nil {
		t.Fatal(err)
	}
	got, err := b.Load(ctx, "Sweep")
	if err != nil || !got.Last.IsZero() || !got.Next.Equal(want.Next) || !got.LastUpdated.Equal(want.LastUpdated) {
		t.Errorf("status = %+v, %v", got, err)
	}
	if _, err := b.Container.NewBlobClient("timers/myhost/Host.Functions.Sweep/status").GetProperties(ctx, nil); err != nil {
		t.Errorf("the status is elsewhere: %v", err)
	}
	hold, held, err := b.Take(ctx, "Sweep")
	if err != nil || !held {
		t.Fatalf("take: %v, %v", held, err)
	}
	if _, held, err := b.Take(ctx, "Sweep"); err != nil || held {
		t.Errorf("taken twice: %v, %v", held, err)
	}
	hold.Release()
	again, held, err := b.Take(ctx, "Sweep")
	if err != nil || !held {
		t.Fatalf("take after release: %v, %v", held, err)
	}
	again.Release()
}

func TestUnreadableStatusCountsAsNone_6_1(t *testing.T) {
	for _, text := range []string{`{"Last":"yesterday"}`, `[]`} {
		if err := (&Status{}).UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s was read", text)
		}
	}
	var s Status
	if err := s.UnmarshalJSON([]byte(`{"Last":"0001-01-01T00:00:00","Next":"2026-01-02T03:05:00+00:00","LastUpdated":"2026-01-02T03:00:00.1234567"}`)); err != nil || !s.Last.IsZero() || s.Next.IsZero() || s.LastUpdated.IsZero() {
		t.Errorf("status = %+v, %v", s, err)
	}
}
