package blob_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/destination"
	"leadrelay/internal/destination/blob"
	"leadrelay/internal/lead"
)

var one = destination.Delivery{ID: "0123456789abcdef0123456789abcdef", LeadID: "4626a582-afb9-48bf-8d86-87e6fe91a842", ContentType: "application/json",
	Received: time.Date(2026, 11, 21, 13, 0, 5, 678e6, time.FixedZone("CET", 3600)), Body: []byte(`{"requestedAmount":25000.00}`)}

func TestNameIsTimeThenLeadThenEvent(t *testing.T) {
	if got, want := blob.Name(one), "20261121T120005.678Z-4626a582-afb9-48bf-8d86-87e6fe91a842-0123456789abcdef.json"; got != want {
		t.Errorf("name %q, want %q", got, want)
	}
	again := one
	again.Repeat, again.Body = true, nil
	if blob.Name(again) != blob.Name(one) {
		t.Error("another try has another name")
	}
	update := one
	update.ID = "1123456789abcdef0123456789abcdef"
	if blob.Name(update) == blob.Name(one) {
		t.Error("another event of the same lead has the same name")
	}
}

func TestNameIsSafeWhateverTheLeadIsCalled(t *testing.T) {
	grammar := regexp.MustCompile(`^20261121T120005\.678Z(-[A-Za-z0-9_-]{1,64})?-0123456789abcdef\.json$`)
	for _, id := range []string{"", "..", "../../etc/passwd", `a\b`, "a/b?c#d%41", "Björk 🏦", strings.Repeat("x", 2000), "\x00"} {
		d := one
		d.LeadID = id
		if name := blob.Name(d); !grammar.MatchString(name) {
			t.Errorf("lead %q is named %q", id, name)
		}
	}
}

// far is a container whose every answer is the given one.
type far struct {
	status int
	word   string
}

func (f far) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: f.status, Header: http.Header{"X-Ms-Error-Code": {f.word}}, Body: http.NoBody, Request: r}, nil
}

func TestAnswersThatSayItIsThereCountAsDelivered(t *testing.T) {
	for _, c := range []struct {
		permissions string
		far
		repeat, assumed bool
	}{
		{"c", far{409, "BlobAlreadyExists"}, false, true},
		{"c", far{403, "UnauthorizedBlobOverwrite"}, false, true},
		{"c", far{403, "AuthorizationPermissionMismatch"}, true, true},
		{"c", far{403, "AuthorizationPermissionMismatch"}, false, false},
		{"cw", far{403, "AuthorizationPermissionMismatch"}, true, false},
		{"c", far{403, "AuthenticationFailed"}, true, false},
		{"c", far{409, "ContainerBeingDeleted"}, true, false},
		{"c", far{404, "ContainerNotFound"}, true, false},
	} {
		d, err := blob.Open(destination.Options{Address: azuretest.Sign(storage.Signer.SignContainer).Hour("leads", c.permissions),
			Client: &http.Client{Transport: c.far}, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		delivery := one
		delivery.Repeat = c.repeat
		receipt, err := d.Deliver(azuretest.Context(t), delivery)
		if c.assumed && (err != nil || !receipt.Assumed || receipt.Code != c.status) {
			t.Errorf("%+v: receipt %+v, %v", c, receipt, err)
		}
		if !c.assumed && (lead.KindOf(err) != lead.Address || err == nil) {
			t.Errorf("%+v: %v, want a fault of the address", c, err)
		}
	}
}

// TestDocumentedURLDelivers uses the URL of the CRF document as it stands there, over TLS, by its own host name.
func TestDocumentedURLDelivers(t *testing.T) {
	far, ctx := azuretest.StartDocumented(t), azuretest.Context(t)
	c := far.ContainerAccount.Container("my-leads-container")
	d, err := blob.Open(destination.Options{Address: far.ContainerURL, Client: far.Client, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Deliver(ctx, one); lead.CodeOf(err) != "404 ContainerNotFound" || lead.KindOf(err) != lead.Address {
		t.Errorf("before the container is there: %v", err)
	}
	if _, err := c.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	receipt, err := d.Deliver(ctx, one)
	if err != nil || receipt.ID == "" || receipt.Code != 201 || receipt.Assumed {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	if got := stored(t, c); len(got) != 1 || string(got[0].Body) != string(one.Body) {
		t.Errorf("found %q", got)
	}
	props, err := c.NewBlobClient(blob.Name(one)).GetProperties(ctx, nil)
	if err != nil || *props.ContentType != "application/json" {
		t.Errorf("content type: %v", err)
	}
}
