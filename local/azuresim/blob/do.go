package blob

import (
	"leadrelay/local/azuresim/wire"
)

// Do carries a request out.
func (s *Store) Do(r *wire.Request) wire.Answer {
	a, err := s.do(r)
	if err != nil {
		return err.Answer(r)
	}
	return a
}

func (s *Store) do(r *wire.Request) (wire.Answer, *wire.Error) {
	name, blobName := split(r.Op.Resource)
	switch r.Op.Name {
	case "ListContainers":
		return wire.XML(200, wire.NameList(r, "Containers", "Container", s.prefixed(r.Query.Get("prefix")))), nil
	case "CreateContainer":
		return s.create(r, name)
	case "DeleteContainer":
		return s.delete(r, name)
	}
	c, err := s.find(name)
	if err != nil {
		return wire.Answer{}, err
	}
	if r.Op.Name == "PutBlob" {
		if err := checkPut(r); err != nil { // sums, outside of the lock
			return wire.Answer{}, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Op.Scope == wire.OfObject {
		return c.object(r, blobName)
	}
	switch r.Op.Name {
	case "GetContainerProperties":
		a := wire.Answer{Status: 200}.With("Etag", c.etag).With("Last-Modified", wire.Time(c.modified)).
			With("X-Ms-Lease-Status", "unlocked").With("X-Ms-Lease-State", "available")
		return withMeta(a, c.meta), nil
	case "SetContainerMetadata":
		c.meta = wire.Metadata(r.Header)
		c.etag, c.modified = c.version(r.Now)
		return wire.Answer{Status: 200}.With("Etag", c.etag).With("Last-Modified", wire.Time(c.modified)), nil
	case "GetContainerACL":
		return wire.XML(200, wire.ACL(c.policies)).With("Etag", c.etag).With("Last-Modified", wire.Time(c.modified)), nil
	case "SetContainerACL":
		var err *wire.Error
		if c.policies, err = wire.ParseACL(r.Body); err != nil {
			return wire.Answer{}, err
		}
		return wire.Answer{Status: 200}.With("Etag", c.etag).With("Last-Modified", wire.Time(c.modified)), nil
	case "ListBlobs":
		return c.list(r, s.page)
	}
	return wire.Answer{}, wire.UnsupportedVerb()
}

func withMeta(a wire.Answer, meta map[string]string) wire.Answer {
	for name, value := range meta {
		a = a.With("X-Ms-Meta-"+name, value)
	}
	return a
}

func (s *Store) create(r *wire.Request, name string) (wire.Answer, *wire.Error) {
	if err := checkName(name); err != nil {
		return wire.Answer{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.containers[name] != nil {
		return wire.Answer{}, wire.Errorf(409, "ContainerAlreadyExists", "The specified container already exists.")
	}
	if r.Now.Before(s.deleted[name]) {
		return wire.Answer{}, wire.Errorf(409, "ContainerBeingDeleted", "The specified container is being deleted. Try operation later.")
	}
	delete(s.deleted, name)
	c := &container{name: name, meta: wire.Metadata(r.Header)}
	c.etag, c.modified = c.version(r.Now)
	s.containers[name] = c
	return wire.Answer{Status: 201}.With("Etag", c.etag).With("Last-Modified", wire.Time(c.modified)), nil
}

func (s *Store) delete(r *wire.Request, name string) (wire.Answer, *wire.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.containers[name] == nil {
		return wire.Answer{}, wire.Errorf(404, "ContainerNotFound", "The specified container does not exist.")
	}
	delete(s.containers, name)
	s.deleted[name] = r.Now.Add(s.deletion)
	return wire.Answer{Status: 202}, nil
}

func (c *container) object(r *wire.Request, name string) (wire.Answer, *wire.Error) {
	b, there := c.blobs.Get(name)
	switch r.Op.Name {
	case "PutBlob":
		return c.put(r, name, b, r.Body)
	case "PutBlock":
		return c.putBlock(r, name, b)
	case "PutBlockList":
		return c.putBlockList(r, name, b)
	}
	if !there || b.staged {
		return wire.Answer{}, wire.Errorf(404, "BlobNotFound", "The specified blob does not exist.")
	}
	switch r.Op.Name {
	case "AcquireLease", "RenewLease", "ChangeLease", "ReleaseLease", "BreakLease":
		if err := checkConditions(r, b); err != nil {
			return wire.Answer{}, err
		}
		return b.leaseOp(r)
	case "GetBlob", "GetBlobProperties":
		if err := b.lease.mayRead(r); err != nil {
			return wire.Answer{}, err
		}
		if err := checkConditions(r, b); err != nil {
			return wire.Answer{}, err
		}
		return b.read(r)
	}
	if err := b.lease.mayWrite(r); err != nil {
		return wire.Answer{}, err
	}
	if err := checkConditions(r, b); err != nil {
		return wire.Answer{}, err
	}
	switch r.Op.Name {
	case "DeleteBlob":
		c.blobs.Delete(name)
		return wire.Answer{Status: 202}.With("X-Ms-Delete-Type-Permanent", "true"), nil
	case "AppendBlock":
		return c.appendBlock(r, b)
	case "SetBlobMetadata":
		b.meta = wire.Metadata(r.Header)
	case "SetBlobProperties":
		b.setHeaders(r)
	default:
		return wire.Answer{}, wire.UnsupportedVerb()
	}
	b.etag, b.modified = c.version(r.Now)
	return wire.Answer{Status: 200}.With("Etag", b.etag).With("Last-Modified", wire.Time(b.modified)), nil
}
