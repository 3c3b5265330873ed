package measure

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Able says why nothing can be measured here, in words for people; nil when it can.
func Able() error {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(1, &set); err != nil { // of init: what the machine has, however we are pinned
		if err := unix.SchedGetaffinity(0, &set); err != nil {
			return fmt.Errorf("the cores cannot be told: %w", err)
		}
	}
	if !set.IsSet(OwnCore) || !set.IsSet(TestCore) {
		return fmt.Errorf("cores %d and %d are needed: one for the program under test, one for storage and load", OwnCore, TestCore)
	}
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return fmt.Errorf("/proc is needed: %w", err)
	}
	return nil
}

// pinned tells the second start of a program from its first.
const pinned = "LEADRELAY_BENCH_PINNED"

// PinSelf starts this program anew on [OwnCore] alone, so that the runtime makes do with one core from its first thread on.
// On the second call it returns nil.
func PinSelf() error {
	if os.Getenv(pinned) != "" {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := setCores(OwnCore); err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, append(os.Environ(), pinned+"=1", "GOMAXPROCS=1"))
}

func setCores(cores ...int) error {
	var set unix.CPUSet
	for _, c := range cores {
		set.Set(c)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pin to core %v: %w", cores, err)
	}
	return nil
}

// startOn starts a command on cores: a child has those of the thread that starts it.
func startOn(cmd *exec.Cmd, cores ...int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := setCores(cores...); err != nil {
		return err
	}
	err := cmd.Start()
	if back := unix.SchedSetaffinity(0, &before); back != nil && err == nil {
		err = back
	}
	return err
}

// cpuOf is how long a process has run, all its threads together, those that have ended too: its own clock, in nanoseconds.
func cpuOf(pid int) (time.Duration, error) {
	const sched = 2 // CPUCLOCK_SCHED of linux/posix-timers.h
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &t); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// peakOf is the most memory that a process ever had resident, in bytes.
func peakOf(pid int) (int64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("VmHWM of process %d: %w", pid, err)
	}
	return kb << 10, nil
}

// forgetPeak makes peakOf count from what is resident now.
func forgetPeak(pid int) error {
	return os.WriteFile("/proc/"+strconv.Itoa(pid)+"/clear_refs", []byte("5"), 0)
}

// busy is how long the machine's cores have worked, in all and each.
func busy() (all time.Duration, each []time.Duration, err error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, nil, err
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 wherever Go runs
	for line := range bytes.Lines(b) {
		f := strings.Fields(string(line))
		if len(f) < 8 || !strings.HasPrefix(f[0], "cpu") {
			continue
		}
		var ticks time.Duration
		for _, i := range []int{1, 2, 3, 6, 7} { // user, nice, system, irq, softirq
			n, err := strconv.ParseInt(f[i], 10, 64)
			if err != nil {
				return 0, nil, fmt.Errorf("/proc/stat: %w", err)
			}
			ticks += time.Duration(n)
		}
		if f[0] == "cpu" {
			all = ticks * tick
			continue
		}
		each = append(each, ticks*tick)
	}
	return all, each, nil
}
