package azure_test

import (
	"os"
	"testing"

	"leadrelay/internal/azure/azuretest"
)

// storage is the one Azurite of this package's tests.
var storage azuretest.Storage

func TestMain(m *testing.M) { os.Exit(azuretest.Main(m, &storage)) }
