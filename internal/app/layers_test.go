package app

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "leadrelay/"

// floor is how high a package stands in the house (DESIGN 4). Imports go down only.
func floor(pkg string) int {
	parts := strings.Split(pkg, "/")
	switch {
	case parts[0] == "functions" || parts[0] == "local":
		return 6
	case len(parts) == 3 && slices.Contains(families(), parts[1]):
		return 3
	case len(parts) == 3 && parts[1] == "azure": // azuretest
		return 3
	case len(parts) != 2:
		return 0
	}
	for n, names := range map[int][]string{
		1: {"lead", "config", "customhandler", "schedule", "wire", "deadline"},
		2: append(families(), "ledger", "registry", "rule", "mapping", "schema", "azure", "httpclient"),
		4: {"receive", "deliver", "drain", "sweep", "console"},
		5: {"app"},
	} {
		if slices.Contains(names, parts[1]) {
			return n
		}
	}
	return 0
}

func families() []string { return []string{"partner", "destination", "inbox", "crm"} }

// allowed says why pkg may not import dep, empty when it may.
func allowed(pkg, dep string) string {
	from, to := floor(pkg), floor(dep)
	family := func(p string) string { return strings.Split(p, "/")[1] }
	switch {
	case from == 0 || to == 0:
		return "stands on no floor: the house has no such room"
	case isSuite(dep):
		return "is a test suite: only _test files import it"
	case isSuite(pkg) && dep == "local/azurite":
		return ""
	case dep == "internal/azure" && (pkg == "internal/ledger" || pkg == "internal/registry"):
		return ""
	case from == 6 && to == 6:
		if strings.HasPrefix(pkg, "functions/") || strings.HasPrefix(dep, "functions/") {
			return "is a program"
		}
		return ""
	case from <= to:
		return "does not stand below it"
	case from == 4 && to == 3:
		return "is a driver: a flow knows contracts only"
	case from == 3 && to == 2 && slices.Contains(families(), family(dep)) && family(dep) != family(pkg):
		return "is another family"
	}
	return ""
}

// isSuite tells a family's conformance suite and other packages that only tests import.
func isSuite(pkg string) bool { return strings.HasSuffix(pkg, "test") }

func TestLayersImportsGoDownOnly(t *testing.T) {
	top := filepath.Join("..", "..")
	seen := 0
	for _, dir := range []string{"internal", "functions", "local"} {
		err := filepath.WalkDir(filepath.Join(top, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if name := d.Name(); name == "node_modules" || name == "testdata" {
				return fs.SkipDir
			}
			p, err := build.ImportDir(path, 0)
			if _, none := err.(*build.NoGoError); none {
				return nil
			}
			if err != nil {
				return err
			}
			seen++
			rel, err := filepath.Rel(top, path)
			checkImports(t, filepath.ToSlash(rel), p)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 20 {
		t.Errorf("only %d packages were found: the walk went wrong", seen)
	}
}

func checkImports(t *testing.T, pkg string, p *build.Package) {
	t.Helper()
	if p.Doc == "" && p.Name != "" && len(p.GoFiles) > 0 {
		t.Errorf("%s has no package comment", pkg)
	}
	for _, imp := range p.Imports {
		dep, ours := strings.CutPrefix(imp, module)
		if !ours {
			continue
		}
		if why := allowed(pkg, dep); why != "" && !(isSuite(pkg) && isSuite(dep)) {
			t.Errorf("%s imports %s, which %s", pkg, dep, why)
		}
	}
}

func TestLayersEveryDriverHasItsLine(t *testing.T) {
	registered := map[string][]string{}
	for name := range partners() {
		registered["partner"] = append(registered["partner"], name)
	}
	for name := range destinations() {
		registered["destination"] = append(registered["destination"], name)
	}
	for name := range inboxes() {
		registered["inbox"] = append(registered["inbox"], name)
	}
	registered["crm"] = []string{"table"} // the built-in one, which needs no settings
	for name := range crms() {
		registered["crm"] = append(registered["crm"], name)
	}
	for _, family := range families() {
		entries, err := os.ReadDir(filepath.Join("..", family))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.IsDir() && !isSuite(e.Name()) && e.Name() != "testdata" && !slices.Contains(registered[family], e.Name()) {
				t.Errorf("driver %s/%s has no line in drivers.go", family, e.Name())
			}
		}
	}
}
