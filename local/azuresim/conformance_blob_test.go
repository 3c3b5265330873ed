package azuresim_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/appendblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// when is a condition; tag names what an earlier step has kept.
func when(w *world, match, noneMatch string) *blob.AccessConditions {
	tag := func(name string) *azcore.ETag {
		switch name {
		case "":
			return nil
		case "*":
			return to.Ptr(azcore.ETagAny)
		}
		return to.Ptr(azcore.ETag(w.kept[name]))
	}
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: tag(match), IfNoneMatch: tag(noneMatch)}}
}

func upload(c *container.Client, name, data, keep, match, noneMatch string) func(*world) string {
	return func(w *world) string {
		if c == nil {
			c := w.account.Container("conform")
			return upload(c, name, data, keep, match, noneMatch)(w)
		}
		resp, err := c.NewBlockBlobClient(name).Upload(w.ctx(), streaming.NopCloser(bytes.NewReader([]byte(data))), &blockblob.UploadOptions{
			HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("application/json")}, Metadata: map[string]*string{"lead": to.Ptr("one")}, AccessConditions: when(w, match, noneMatch)})
		if err == nil {
			w.kept[keep] = string(*resp.ETag)
		}
		return fmt.Sprint(told(err), err == nil && resp.LastModified != nil, strings.HasPrefix(string(deref(resp.ETag)), `"0x`))
	}
}

func download(name string, o func(w *world) *blob.DownloadStreamOptions) func(*world) string {
	return func(w *world) string {
		var options *blob.DownloadStreamOptions
		if o != nil {
			options = o(w)
		}
		resp, err := w.account.Container("conform").NewBlobClient(name).DownloadStream(w.ctx(), options)
		if err != nil {
			return told(err)
		}
		defer resp.Body.Close()
		if resp.ErrorCode != nil {
			return *resp.ErrorCode // of a 304, which the SDK takes for success
		}
		data, err := io.ReadAll(resp.Body)
		return fmt.Sprintf("%s %q %d %s %s %v %d", told(err), data, deref(resp.ContentLength), deref(resp.ContentType), deref(resp.ContentRange),
			resp.ETag != nil && string(*resp.ETag) == w.kept["etag"], len(resp.Metadata))
	}
}

func blobSteps() []step {
	c := func(w *world) *container.Client { return w.account.Container("conform") }
	create := func(w *world) string { _, err := c(w).Create(w.ctx(), nil); return told(err) }
	steps := []step{
		{name: "put without the container", do: upload(nil, "a.json", "{}", "x", "", "")},
		{name: "list without the container", do: listing("", 0, "")},
		{name: "create", do: create},
		{name: "create again", do: create},
		{name: "create with a bad name", do: func(w *world) string {
			_, err := w.account.Container("no--name").Create(w.ctx(), nil)
			return told(err)
		}},
		{name: "get nothing", do: download("a.json", nil)},
		{name: "put only if new", do: upload(nil, "a.json", `{"n":1}`, "first", "", "*")},
		{name: "put only if new, again", do: upload(nil, "a.json", `{"n":2}`, "etag", "", "*")},
		{name: "put over", do: upload(nil, "a.json", `{"n":3}`, "etag", "", "")},
		{name: "put if it is the old one", do: upload(nil, "a.json", `{"n":4}`, "etag", "first", "")},
		{name: "put if it is this one", do: upload(nil, "a.json", `{"n":"Björk"}`, "etag", "etag", "")},
		{name: "put nothing", do: upload(nil, "empty", ``, "empty", "", "")},
		{name: "put if missing is this one", do: upload(nil, "b.json", `{}`, "x", "etag", "")},
		{name: "get", do: download("a.json", nil)},
		{name: "get the empty one", do: download("empty", nil)},
		{name: "get a range", do: download("a.json", func(*world) *blob.DownloadStreamOptions {
			return &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: 2, Count: 3}}
		})},
		{name: "get the rest", do: download("a.json", func(*world) *blob.DownloadStreamOptions {
			return &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: 5}}
		})},
		{name: "get behind the end", do: download("a.json", func(*world) *blob.DownloadStreamOptions {
			return &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: 500, Count: 1}}
		})},
		{name: "get if it has changed", do: download("a.json", func(w *world) *blob.DownloadStreamOptions {
			return &blob.DownloadStreamOptions{AccessConditions: when(w, "", "etag")}
		})},
		{name: "get if it is the old one", do: download("a.json", func(w *world) *blob.DownloadStreamOptions {
			return &blob.DownloadStreamOptions{AccessConditions: when(w, "first", "")}
		})},
	}
	for i, name := range []string{"day/1/a", "day/1/b", "day/2", "other", "space and % + ?#", "ümlaut"} {
		steps = append(steps, step{name: "put " + name, do: upload(nil, name, strings.Repeat("x", i), "x", "", "")})
	}
	return append(append(steps, oneBlobSteps()...), []step{
		{name: "list", do: listing("", 0, "")},
		{name: "list by two", do: listing("", 2, "")},
		{name: "list by one with a prefix", do: listing("day/", 1, "")},
		{name: "list folders", do: listing("", 2, "/")},
		{name: "list a folder", do: listing("day/", 0, "/")},
		{name: "get a strange name", do: download("space and % + ?#", nil)},
		{name: "delete the container", do: func(w *world) string { _, err := c(w).Delete(w.ctx(), nil); return told(err) }},
		{name: "create what is being deleted", do: create, azure: "409 ContainerBeingDeleted", why: "§2 and §6: no delay in Azurite"},
	}...)
}

// oneBlobSteps go on with what blobSteps has put.
func oneBlobSteps() []step {
	c := func(w *world) *container.Client { return w.account.Container("conform") }
	remove := func(name, match string) func(*world) string {
		return func(w *world) string {
			_, err := c(w).NewBlobClient(name).Delete(w.ctx(), &blob.DeleteOptions{AccessConditions: when(w, match, "")})
			return told(err)
		}
	}
	return []step{
		{name: "head", do: func(w *world) string {
			resp, err := c(w).NewBlobClient("a.json").GetProperties(w.ctx(), nil)
			return fmt.Sprint(told(err), deref(resp.ContentLength), deref(resp.ContentType), deref(resp.BlobType), deref(resp.LeaseState), deref(resp.LeaseStatus), len(resp.Metadata))
		}},
		{name: "head of nothing", do: func(w *world) string {
			_, err := c(w).NewBlobClient("none").GetProperties(w.ctx(), nil)
			return told(err)
		}},
		{name: "set metadata", do: func(w *world) string {
			_, err := c(w).NewBlobClient("a.json").SetMetadata(w.ctx(), map[string]*string{"x": to.Ptr("y"), "z": to.Ptr("1")}, nil)
			resp, err2 := c(w).NewBlobClient("a.json").GetProperties(w.ctx(), nil)
			return fmt.Sprint(told(err), told(err2), len(resp.Metadata), deref(resp.ContentType))
		}},
		{name: "delete if it is the old one", do: remove("a.json", "first")},
		{name: "delete", do: remove("a.json", "")},
		{name: "delete again", do: remove("a.json", "")},
	}
}

// listing lists names, sizes and folders, page by page.
func listing(prefix string, by int32, delimiter string) func(*world) string {
	return func(w *world) string {
		c, out, max := w.account.Container("conform"), "", (*int32)(nil)
		if by > 0 {
			max = &by
		}
		if delimiter != "" {
			for pages := c.NewListBlobsHierarchyPager(delimiter, &container.ListBlobsHierarchyOptions{Prefix: &prefix, MaxResults: max}); pages.More(); out += "|" {
				page, err := pages.NextPage(w.ctx())
				if err != nil {
					return told(err)
				}
				for _, p := range page.Segment.BlobPrefixes {
					out += " " + *p.Name
				}
				for _, b := range page.Segment.BlobItems {
					out += " " + *b.Name
				}
			}
			return out
		}
		for pages := c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix, MaxResults: max}); pages.More(); out += "|" {
			page, err := pages.NextPage(w.ctx())
			if err != nil {
				return told(err)
			}
			for _, b := range page.Segment.BlobItems {
				p := b.Properties
				out += fmt.Sprintf(" %s %d %s %v %v %v", *b.Name, *p.ContentLength, deref(p.ContentType), deref(p.BlobType), deref(p.LeaseState), p.LastModified != nil && strings.HasPrefix(string(*p.ETag), "0x"))
			}
		}
		return out
	}
}

func appendSteps() []step {
	client := func(w *world, name string) *appendblob.Client {
		return w.account.Container("appends").NewAppendBlobClient(name)
	}
	add := func(name, data string, at int64) func(*world) string {
		return func(w *world) string {
			o := &appendblob.AppendBlockOptions{}
			if at >= 0 {
				o.AppendPositionAccessConditions = &appendblob.AppendPositionAccessConditions{AppendPosition: to.Ptr(at)}
			}
			resp, err := client(w, name).AppendBlock(w.ctx(), streaming.NopCloser(strings.NewReader(data)), o)
			return told(err) + deref(resp.BlobAppendOffset)
		}
	}
	return []step{
		{name: "container", do: func(w *world) string { _, err := w.account.Container("appends").Create(w.ctx(), nil); return told(err) }},
		{name: "append to nothing", do: add("log", "x", -1)},
		{name: "create", do: func(w *world) string { _, err := client(w, "log").Create(w.ctx(), nil); return told(err) }},
		{name: "append", do: add("log", "one", -1)},
		{name: "append at the end", do: add("log", "two", 3)},
		{name: "append elsewhere", do: add("log", "two", 3)},
		{name: "read", do: func(w *world) string {
			resp, err := w.account.Container("appends").NewBlobClient("log").DownloadStream(w.ctx(), nil)
			if err != nil {
				return told(err)
			}
			defer resp.Body.Close()
			data, err := io.ReadAll(resp.Body)
			return fmt.Sprint(told(err), string(data), *resp.BlobType)
		}},
		{name: "list with metadata", do: func(w *world) string {
			_, err := client(w, "log").SetMetadata(w.ctx(), map[string]*string{"due": to.Ptr("later")}, nil)
			page, listErr := w.account.Container("appends").NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Metadata: true}}).NextPage(w.ctx())
			if err != nil || listErr != nil || len(page.Segment.BlobItems) != 1 {
				return told(err) + told(listErr)
			}
			return fmt.Sprint(*page.Segment.BlobItems[0].Properties.BlobType, len(page.Segment.BlobItems[0].Metadata))
		}},
		{name: "staged and committed", do: func(w *world) string {
			b := w.account.Container("appends").NewBlockBlobClient("blocks")
			_, err1 := b.StageBlock(w.ctx(), "YQ==", streaming.NopCloser(strings.NewReader("one")), nil)
			_, err2 := b.StageBlock(w.ctx(), "Yg==", streaming.NopCloser(strings.NewReader("two")), nil)
			_, err3 := b.GetProperties(w.ctx(), nil)
			_, err4 := b.CommitBlockList(w.ctx(), []string{"YQ==", "Yg=="}, nil)
			props, err5 := b.GetProperties(w.ctx(), nil)
			return fmt.Sprint(told(err1), told(err2), told(err3), told(err4), told(err5), deref(props.ContentLength))
		}},
		{name: "append to a block blob", do: add("blocks", "x", -1)},
	}
}
