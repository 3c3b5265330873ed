//go:build !race

package azure_test

const racing = false
