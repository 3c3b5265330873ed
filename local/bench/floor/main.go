// Command floor is what the product is held against: the least that a program can do that takes a lead in.
//
// It checks the API key, decodes the lead, checks the whole schema by hand, puts the lead into one queue by SAS and answers
// 200: no routing, no log, no retry, no second format. Its modes are those of facts/performance.md §0, and frozen:
//
//	phys  bare TCP on both sides, generated decode
//	cej   net/http on both sides, generated decode
//	c2    net/http on both sides, encoding/json
//
// It ends by SIGTERM, and then says on stderr how much it has allocated.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

const usage = `usage: floor phys|cej|c2
  FLOOR_ADDRESS  host:port to listen on
  FLOOR_QUEUE    SAS URL of the queue's messages, http
  FLOOR_KEY      what X-Api-Key must be`

func run(args []string) error {
	address, queue, key := os.Getenv("FLOOR_ADDRESS"), os.Getenv("FLOOR_QUEUE"), os.Getenv("FLOOR_KEY")
	if len(args) != 1 || address == "" || queue == "" || key == "" {
		return errors.New(usage)
	}
	judge := judge{key: []byte(key), decode: generated}
	switch args[0] {
	case "phys":
	case "cej":
	case "c2":
		judge.decode = reflected
	default:
		return errors.New(usage)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go tellAllocations()
	if args[0] == "phys" {
		return servePhys(l, judge, queue)
	}
	return serveHTTP(l, judge, queue)
}

// tellAllocations ends the program when it is told to, and says what it has allocated by then.
func tellAllocations() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Fprintf(os.Stderr, "allocated %d\n", m.Mallocs)
	os.Exit(0)
}
