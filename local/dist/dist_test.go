package dist_test

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"leadrelay/local/azurite"
	"leadrelay/local/dist"
)

func TestPackageHoldsJustWhatIsDeployedAndIsTheSameTwice(t *testing.T) {
	checkout, err := azurite.Root()
	if err != nil {
		t.Fatal(err)
	}
	var zips [2][]byte
	for i := range zips {
		dir := filepath.Join(t.TempDir(), "dist")
		if err := dist.Package(t.Context(), checkout, dir, dir+".zip"); err != nil {
			t.Fatal(err)
		}
		if zips[i], err = os.ReadFile(dir + ".zip"); err != nil {
			t.Fatal(err)
		}
		bin, err := elf.Open(filepath.Join(dir, dist.Handler))
		if err != nil {
			t.Fatal(err)
		}
		if bin.Machine != elf.EM_X86_64 || bin.Section(".interp") != nil {
			t.Errorf("the handler is for %v, or not static", bin.Machine)
		}
		bin.Close()
	}
	if !bytes.Equal(zips[0], zips[1]) {
		t.Error("two packages of the same sources differ")
	}
	z, err := zip.NewReader(bytes.NewReader(zips[0]), int64(len(zips[0])))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		if exe := f.Mode().Perm()&0o111 != 0; exe != (f.Name == dist.Handler) {
			t.Errorf("%s has mode %v", f.Name, f.Mode())
		}
	}
	want := []string{"Deliver/function.json", "Drain/function.json", "Receive/function.json", "Sweep/function.json", "handler", "host.json"}
	if !slices.Equal(names, want) {
		t.Errorf("the package holds %v, want %v", names, want)
	}
}
