package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// signer signs requests to the tables of our account; the other requests that are played carry a SAS.
type signer struct {
	account string
	key     []byte
}

// readConnection reads account, key and table endpoint of a connection string.
func readConnection(text string) (s signer, table string, err error) {
	for pair := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "AccountName":
			s.account = value
		case "AccountKey":
			s.key, err = base64.StdEncoding.DecodeString(value)
		case "TableEndpoint":
			table = strings.TrimRight(value, "/")
		}
	}
	if err != nil || s.account == "" || len(s.key) == 0 || table == "" {
		return s, "", errors.New("AzureWebJobsStorage needs AccountName, AccountKey and TableEndpoint")
	}
	return s, table, nil
}

// sign is the Authorization of a request to a table (facts: "Authorize with Shared Key", table service).
func (s signer) sign(scheme, method, contentType, date, path string) string {
	text := date + "\n/" + s.account + path
	if scheme == "SharedKey" {
		text = method + "\n\n" + contentType + "\n" + text
	}
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text))
	return scheme + " " + s.account + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
