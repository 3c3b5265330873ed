package sink

import (
	"crypto/md5"
	"encoding/base64"
	"strconv"
	"time"
)

// blob answers a request to the blob service. No blob is ever there.
func (c *conn) blob(r request) Op {
	name, rest := r.resource()
	if len(name) == 0 {
		return c.unknown()
	}
	what := string(r.method) + " " + string(r.param("comp"))
	if len(rest) == 0 {
		return c.container(r, what, name)
	}
	switch what {
	case "PUT ":
		sum := md5.Sum(r.body)
		c.plain(201)
		c.version()
		c.field("Content-Md5", base64.StdEncoding.EncodeToString(sum[:]))
		c.field("X-Ms-Request-Server-Encrypted", "true")
		c.end("")
		return PutBlob
	case "PUT lease":
		status := 200
		if string(r.lease) == "acquire" {
			status = 201
		}
		c.plain(status)
		c.version()
		c.out = append(appendID(append(c.out, "X-Ms-Lease-Id: "...), c.sink.serial.Add(1)), "\r\n"...)
		c.end("")
		return LeaseBlob
	case "GET ":
		c.refuse(404, "BlobNotFound", "The specified blob does not exist.")
		return GetBlob
	case "HEAD ":
		c.head(404, "", 0)
		c.field("X-Ms-Error-Code", "BlobNotFound")
		c.end("")
		return GetBlobProperties
	case "DELETE ":
		c.plain(202)
		c.end("")
		return DeleteBlob
	}
	return c.unknown()
}

func (c *conn) container(r request, what string, name []byte) Op {
	switch what {
	case "PUT ":
		c.plain(201)
		c.version()
		c.end("")
		return CreateContainer
	case "GET ", "HEAD ":
		c.plain(200)
		c.version()
		c.end("")
		return GetContainerProperties
	case "GET list":
		b := append(append(c.body[:0], prolog+`<EnumerationResults ServiceEndpoint="`...), c.sink.URL(Blob)...)
		b = append(append(append(b, `/" ContainerName="`...), name...), `">`...)
		if prefix := r.param("prefix"); len(prefix) > 0 {
			b = append(append(append(b, "<Prefix>"...), prefix...), "</Prefix>"...)
		}
		c.body = append(b, "<Blobs></Blobs><NextMarker></NextMarker></EnumerationResults>"...)
		c.head(200, "application/xml", len(c.body))
		c.endBytes(c.body)
		return ListBlobs
	}
	return c.unknown()
}

// version writes ETag and Last-Modified of something that has just changed.
func (c *conn) version() {
	c.out = strconv.AppendUint(append(c.out, `Etag: "0x8DF`...), 1e12+c.sink.serial.Add(1), 10)
	c.out = append(c.out, "\"\r\n"...)
	c.field("Last-Modified", c.sink.clock.at(time.Now()).http)
}
