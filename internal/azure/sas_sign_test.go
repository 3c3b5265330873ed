package azure_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"leadrelay/internal/azure"
	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/lead"
)

func TestSignedURLsHaveTheFormsOfTheDocument(t *testing.T) {
	from := time.Date(2021, 3, 30, 17, 46, 8, 0, time.UTC)
	until := time.Date(2030, 1, 1, 17, 46, 0, 999, time.FixedZone("+00", 0))
	const key = ";AccountKey=c2VjcmV0"
	for connection, want := range map[string][2]string{
		"AccountName=mystorageaccount" + key: {
			`^https://mystorageaccount\.queue\.core\.windows\.net/leads/messages\?sp=a&st=2021-03-30T17:46:08Z&se=2030-01-01T17:46:00Z&sv=2020-02-10&sig=[A-Za-z0-9%]+$`,
			`^https://mystorageaccount\.blob\.core\.windows\.net/leads\?sp=c&st=2021-03-30T17:46:08Z&se=2030-01-01T17:46:00Z&spr=https&sv=2020-08-04&sr=c&sig=[A-Za-z0-9%]+$`,
		},
		"UseDevelopmentStorage=true": {
			`^http://127\.0\.0\.1:10001/devstoreaccount1/leads/messages\?sp=a&st=\S+&se=\S+&sv=2020-02-10&sig=\S+$`,
			`^http://127\.0\.0\.1:10000/devstoreaccount1/leads\?sp=c&st=\S+&se=[^&]+&sv=2020-08-04&sr=c&sig=\S+$`,
		},
	} {
		s, err := azure.NewSigner(connection)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range []string{s.SignQueue("leads", "a", from, until).Reveal(), s.SignContainer("leads", "c", from, until).Reveal()} {
			if !regexp.MustCompile(want[i]).MatchString(got) {
				t.Errorf("%s does not look like %s", got, want[i])
			}
		}
	}
}

func TestConnectionStringWithoutAKeySignsNothing(t *testing.T) {
	for _, c := range []string{"", "AccountName=a", "AccountName=a;AccountKey=%%SECRET", "AccountKey=c2VjcmV0"} {
		if _, err := azure.NewSigner(c); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", c, err)
		}
	}
}

func TestSignedQueueURLOpensTheQueueAndNothingElse(t *testing.T) {
	ctx := azuretest.Context(t)
	url := azuretest.Sign(storage.Signer.SignQueue).Hour(storage.Queue(t), "a")
	s, err := azure.ParseSAS(url.Reveal(), azure.Queue)
	if err != nil {
		t.Fatal(err)
	}
	q, err := s.Queue(storage.Client)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.EnqueueMessage(ctx, "hello", nil); err != nil {
		t.Errorf("enqueue: %v", azure.Classify(err))
	}
	_, err = q.DequeueMessage(ctx, nil)
	if err := azure.Classify(err); lead.CodeOf(err) != "403 AuthorizationPermissionMismatch" {
		t.Errorf("dequeue with sp=a: %v", err)
	}
}

func TestSignedContainerURLOpensTheContainerAndNothingElse(t *testing.T) {
	ctx := azuretest.Context(t)
	url := azuretest.Sign(storage.Signer.SignContainer).Hour(storage.Container(t), "c")
	s, err := azure.ParseSAS(url.Reveal(), azure.Container)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Container(storage.Client)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.NewBlockBlobClient("a").UploadBuffer(ctx, []byte("{}"), &blockblob.UploadBufferOptions{}); err != nil {
		t.Errorf("put: %v", azure.Classify(err))
	}
	_, err = c.NewBlockBlobClient("a").DownloadStream(ctx, nil)
	if err := azure.Classify(err); lead.CodeOf(err) != "403 AuthorizationPermissionMismatch" {
		t.Errorf("read with sp=c: %v", err)
	}
}
