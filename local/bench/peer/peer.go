// Package peer is what a user would have in leadrelay's place: a Node program that the benchmark runs when it is asked to, and
// figures of others that were measured elsewhere and are quoted.
package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"

	"leadrelay/local/bench/lead"
	"leadrelay/local/bench/measure"
)

// Node is the program of local/bench/peer/node, installed.
type Node struct {
	folder   string
	Versions string // of node and of what it uses
}

// Name is how it stands in tables, Path where it takes leads and Queue where it puts them.
const (
	Name  = "node"
	Path  = "/webhooks/crf"
	Queue = "leadrelay-intake"
)

// Install fetches what the program needs, by npm ci, and asks for versions.
func Install(ctx context.Context, checkout string) (*Node, error) {
	n := &Node{folder: filepath.Join(checkout, "local", "bench", "peer", "node")}
	if _, err := n.run(ctx, "npm", "ci", "--no-progress", "--loglevel=error"); err != nil {
		return nil, fmt.Errorf("PEERS=1 needs Node 20 and npm: %w", err)
	}
	versions, err := n.run(ctx, "node", "versions.js")
	n.Versions = versions
	return n, err
}

func (n *Node) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = n.folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, args[0], err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// Program is how it is started.
func (n *Node) Program(address, connection string) (measure.Program, error) {
	path, err := exec.LookPath("node")
	_, port, _ := strings.Cut(address, ":")
	return measure.Program{Path: path, Args: []string{filepath.Join(n.folder, "server.js")}, Address: address,
		Env: []string{"PORT=" + port, "API_KEY=" + lead.Key, "AzureWebJobsStorage=" + connection}}, err
}

// Defect says in what the text of a message differs from the lead that was sent, empty when it is the same byte for byte. Its
// error is that it says something else.
func Defect(text string, sent []byte) (string, error) {
	if text == string(sent) {
		return "", nil
	}
	var got, want any
	if json.Unmarshal([]byte(text), &got) != nil || json.Unmarshal(sent, &want) != nil || !reflect.DeepEqual(got, want) {
		return "", errors.New("the lead in the queue is not the one that was sent")
	}
	return fmt.Sprintf("what it puts is the lead as JSON but not as it came: %d bytes of %d, %d line breaks of %d; a signature over the body would fail",
		len(text), len(sent), strings.Count(text, "\n"), strings.Count(string(sent), "\n")), nil
}
