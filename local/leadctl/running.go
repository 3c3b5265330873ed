package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"leadrelay/local/stack"
)

// running is the note that `leadctl up` leaves for the other commands, readable by its user only.
type running struct {
	PID      int        `json:"pid"`
	Settings []string   `json:"settings"` // storage and keys, as settings of the product
	Info     stack.Info `json:"info"`
}

func runningPath() string {
	return filepath.Join(os.TempDir(), "leadrelay-"+strconv.Itoa(os.Getuid()), "up.json")
}

// leaveRunning writes the note; the last stack that was started is the one that the other commands find.
func leaveRunning(r running) error {
	path := runningPath()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("leave a note for other commands: %w", err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("leave a note for other commands: %w", err)
	}
	next := path + "." + strconv.Itoa(r.PID)
	if err := os.WriteFile(next, b, 0o600); err != nil {
		return fmt.Errorf("leave a note for other commands: %w", err)
	}
	return os.Rename(next, path)
}

// clearRunning removes the note if it is still ours.
func clearRunning() {
	if r, err := readRunning(); err == nil && r.PID == os.Getpid() {
		_ = os.Remove(runningPath()) // a stale note is recognised by its process
	}
}

var errNotRunning = errors.New("no `leadctl up` is running here")

func readRunning() (running, error) {
	b, err := os.ReadFile(runningPath())
	if err != nil {
		return running{}, errNotRunning
	}
	var r running
	if err := json.Unmarshal(b, &r); err != nil {
		return running{}, errNotRunning
	}
	return r, nil
}

// findRunning is the note of a stack that is still running.
func findRunning() (running, error) {
	r, err := readRunning()
	if err != nil {
		return running{}, err
	}
	if syscall.Kill(r.PID, 0) != nil {
		return running{}, errNotRunning
	}
	return r, nil
}
