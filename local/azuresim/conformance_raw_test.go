package azuresim_test

import (
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"leadrelay/internal/azure"
)

func clientOptions(w *world) policy.ClientOptions { return azure.ClientOptions(w.client) }

// rawSteps are the documented forms without the SDK (facts/azure-storage.md §1a, §2).
func rawSteps() []step {
	queue := func(w *world) string {
		return w.signer.SignQueue("raw-test", "raup", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)).Reveal()
	}
	blob := func(w *world, name string) string {
		address := w.signer.SignContainer("raw-test", "rcw", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)).Reveal()
		return strings.Replace(address, "/raw-test?", "/raw-test/"+name+"?", 1)
	}
	post := func(body string) func(*world) string {
		return func(w *world) string { return w.raw("POST", queue(w), body) }
	}
	return []step{
		{name: "queue", do: func(w *world) string { _, err := w.account.Queue("raw-test").Create(w.ctx(), nil); return told(err) }},
		{name: "container", do: func(w *world) string {
			_, err := w.account.Container("raw-test").Create(w.ctx(), nil)
			return told(err)
		}},
		{name: "put", do: post("<QueueMessage><MessageText>x</MessageText></QueueMessage>")},
		{name: "put with a prolog", do: post("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<QueueMessage>\n <MessageText>x &lt; y</MessageText>\n</QueueMessage>")},
		{name: "put nothing", do: post("")},
		{name: "put without a text", do: post("<QueueMessage></QueueMessage>")},
		{name: "put JSON", do: post(`{"id":1}`), azure: "400 InvalidXmlDocument", why: noCode},
		{name: "put broken XML", do: post("<QueueMessage><MessageText>x</QueueMessage>"), azure: "400 InvalidXmlDocument", why: noCode},
		{name: "put a document type", do: post("<!DOCTYPE x><QueueMessage><MessageText>x</MessageText></QueueMessage>"), azure: "400 InvalidXmlDocument", why: noCode},
		{name: "put a control character", do: post("<QueueMessage><MessageText>x\x01</MessageText></QueueMessage>"), azure: "400 InvalidXmlDocument", why: "§2"},
		{name: "messages twice", do: func(w *world) string {
			return w.raw("POST", strings.Replace(queue(w), "/messages?", "/messages/messages?", 1), "<QueueMessage><MessageText>x</MessageText></QueueMessage>")
		}, azure: "400 InvalidUri", why: noCode},
		{name: "no proof at a queue", do: func(w *world) string { return w.raw("GET", w.base["queue"]+"/raw-test/messages", "") }, azure: "401 NoAuthenticationInformation", why: "§1c"},
		{name: "no proof at a blob", do: func(w *world) string { return w.raw("GET", w.base["blob"]+"/raw-test/x", "") }, azure: "401 NoAuthenticationInformation", why: "§1c"},
		{name: "put a blob", do: func(w *world) string { return w.raw("PUT", blob(w, "a"), "{}", "x-ms-blob-type", "BlockBlob") }},
		{name: "put a blob without its type", do: func(w *world) string { return w.raw("PUT", blob(w, "b"), "{}") }, azure: "400 MissingRequiredHeader", why: noCode},
		{name: "get a blob", do: func(w *world) string { return w.raw("GET", blob(w, "a"), "") }},
		{name: "head a blob", do: func(w *world) string { return w.raw("HEAD", blob(w, "a"), "") }},
		{name: "head no blob", do: func(w *world) string { return w.raw("HEAD", blob(w, "none"), "") }},
		{name: "another account", do: func(w *world) string {
			return w.raw("GET", strings.Replace(w.base["queue"], "devstoreaccount1", "nobody", 1)+"/raw-test", "")
		}, azure: "400 InvalidUri", why: "on Azure there is no such host"},
	}
}
