package azure_test

import (
	"fmt"
	"strings"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/config"
)

func secret(s string) config.Secret { return config.Secret(s) }

func (f *far) sign(queue, permissions string) config.Secret {
	return azuretest.Sign(f.signer.SignQueue).Hour(f.prefix+queue, permissions)
}

func (f *far) signContainer(name, permissions string) config.Secret {
	return azuretest.Sign(f.signer.SignContainer).Hour(f.prefix+name, permissions)
}

// keep puts a blob and says what came of it.
func (f *far) keep(c blobs, name, data string, metadata map[string]string) string {
	etag, err := c.Put(f.ctx, name, "application/json", []byte(data), metadata)
	return fmt.Sprint(told(err), ", with an ETag: ", etag != "")
}

// names are hard to carry in a URL.
func names() []string {
	return []string{"a.json", "a/b/c.json", "a b", "100%", "a+b", "a#b?c&d=e", "ä𝔹", "it's (1), 2; 3:4@5", "%41", "~!$*[]|", strings.Repeat("n", 200)}
}

func blobSteps() []step {
	steps := []step{
		{name: "blob into a missing container", do: func(f *far) string { return f.keep(f.container("leads"), "x", "x", nil) }},
		{name: "create container", do: func(f *far) string { return told(f.container("leads").Create(f.ctx)) }},
		{name: "create container again", do: func(f *far) string { return told(f.container("leads").Create(f.ctx)) }},
		{name: "empty blob", do: func(f *far) string { return f.keep(f.container("leads"), "empty", "", nil) }},
		{name: "large blob", do: func(f *far) string {
			return f.keep(f.container("leads"), "large", strings.Repeat("0123456789", 300_000), nil)
		}},
		{name: "metadata", do: func(f *far) string {
			return f.keep(f.container("leads"), "meta", "x", map[string]string{"key": "v", "b": "2 3", "a": "1", "zz_z": "%&=+"})
		}},
		{name: "metadata with a bad name", do: func(f *far) string {
			return f.keep(f.container("leads"), "bad", "x", map[string]string{"a-b": "v"})
		}},
	}
	for _, name := range names() {
		steps = append(steps, step{name: "blob " + name, do: func(f *far) string { return f.keep(f.container("leads"), name, name, nil) }},
			step{name: "again " + name, do: func(f *far) string { return f.keep(f.container("leads"), name, "other", nil) }})
	}
	return steps
}
