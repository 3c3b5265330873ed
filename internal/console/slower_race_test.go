//go:build race

package console_test

// slower is how much smaller the large ledger is: the race detector makes the simulated storage many times slower, and
// the count of requests is the business of a run without it.
const slower = 10
