package azure

import (
	"net/http"
	"regexp"
	"strconv"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// partAnswer finds the one part of a failed table transaction: its status line and its word.
var partAnswer = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?s)HTTP/1\.1 ([45]\d\d) .*?"code"\s*:\s*"([A-Za-z]+)"`)
})

// said is the status and the word of an answer. A table transaction answers 202 and hides what went wrong in its body,
// which aztables v1.4.1 hands on as "202" without a word (measured, TestTransactionTellsWhatItsPartSays).
func said(resp *azcore.ResponseError) (status int, word string) {
	if resp.StatusCode != http.StatusAccepted || resp.RawResponse == nil || resp.RawResponse.Body == nil {
		return resp.StatusCode, errorWord(resp.ErrorCode)
	}
	body, err := runtime.Payload(resp.RawResponse)
	if m := partAnswer().FindSubmatch(body); err == nil && m != nil {
		status, _ = strconv.Atoi(string(m[1])) // three digits
		return status, errorWord(string(m[2]))
	}
	return resp.StatusCode, errorWord(resp.ErrorCode)
}
