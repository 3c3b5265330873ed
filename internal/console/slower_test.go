//go:build !race

package console_test

// slower is how much smaller the large ledger is.
const slower = 1
