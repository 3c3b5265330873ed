//go:build !linux

package measure

import (
	"errors"
	"os/exec"
	"time"
)

var errLinux = errors.New("CPU is measured on Linux only")

// Able says why nothing can be measured here.
func Able() error { return errLinux }

// PinSelf does nothing here.
func PinSelf() error { return nil }

func startOn(cmd *exec.Cmd, _ ...int) error { return cmd.Start() }

func cpuOf(int) (time.Duration, error)                         { return 0, errLinux }
func peakOf(int) (int64, error)                                { return 0, errLinux }
func forgetPeak(int) error                                     { return errLinux }
func busy() (all time.Duration, each []time.Duration, e error) { return 0, nil, errLinux }
