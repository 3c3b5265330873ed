package azuresim

import (
	"leadrelay/local/azuresim/blob"
	"leadrelay/local/azuresim/queue"
	"leadrelay/local/azuresim/table"
)

// What lies in the storage.
type (
	Message    = queue.Message
	StoredBlob = blob.Stored
	Row        = table.Row
)

// Storage is what lies in one account, for tests to look at: nothing of it is a request.
type Storage struct {
	server  *Server
	account *account
}

// Storage is that of an account; of the own one for "". It panics when there is no such account.
func (s *Server) Storage(name string) Storage {
	a := s.accounts[0]
	if name != "" {
		a = s.find(name)
	}
	if a == nil {
		panic("azuresim: no account " + name)
	}
	return Storage{s, a}
}

// Queue is a queue of the own account, there or not.
func (s *Server) Queue(name string) QueueView { return s.Storage("").Queue(name) }

// Container is a container of the own account, there or not.
func (s *Server) Container(name string) ContainerView { return s.Storage("").Container(name) }

// Table is a table of the own account, there or not.
func (s *Server) Table(name string) TableView { return s.Storage("").Table(name) }

// Queue is a queue of the account.
func (a Storage) Queue(name string) QueueView { return QueueView{a, name} }

// Container is a container of the account.
func (a Storage) Container(name string) ContainerView { return ContainerView{a, name} }

// Table is a table of the account.
func (a Storage) Table(name string) TableView { return TableView{a, name} }

// Queues are the names of the queues, in order.
func (a Storage) Queues() []string { return a.account.queues.Names() }

// Containers are the names of the containers, in order.
func (a Storage) Containers() []string { return a.account.blobs.Names() }

// Tables are the names of the tables, in order.
func (a Storage) Tables() []string { return a.account.tables.Names() }

// QueueView looks at a queue.
type QueueView struct {
	storage Storage
	name    string
}

// Messages are all messages in the order in which they came, hidden ones too.
func (q QueueView) Messages() []Message {
	return q.storage.account.queues.Messages(q.name, q.storage.server.now())
}

// Clear takes all messages out, to bound a long run.
func (q QueueView) Clear() { q.storage.account.queues.Clear(q.name) }

// ContainerView looks at a container.
type ContainerView struct {
	storage Storage
	name    string
}

// Blobs are all blobs in order of name.
func (c ContainerView) Blobs() []StoredBlob { return c.storage.account.blobs.Blobs(c.name) }

// Clear takes all blobs out.
func (c ContainerView) Clear() { c.storage.account.blobs.Clear(c.name) }

// TableView looks at a table.
type TableView struct {
	storage Storage
	name    string
}

// Rows are all entities in order of key.
func (t TableView) Rows() []Row { return t.storage.account.tables.Rows(t.name) }

// Clear takes all entities out.
func (t TableView) Clear() { t.storage.account.tables.Clear(t.name) }
