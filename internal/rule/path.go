package rule

import (
	"fmt"
	"strings"
)

// tree is a set of paths, by member name.
type tree struct {
	whole   bool // a path ends here
	members map[string]*tree
}

// add puts a path into the tree and returns where it ends.
func (t *tree) add(names []string) *tree {
	for _, name := range names {
		if t.members == nil {
			t.members = map[string]*tree{}
		}
		if t.members[name] == nil {
			t.members[name] = &tree{}
		}
		t = t.members[name]
	}
	t.whole = true
	return t
}

// member is what the tree says of a member; nil says nothing.
func (t *tree) member(name string) *tree {
	if t == nil {
		return nil
	}
	return t.members[name]
}

const (
	longestPath = 512
	mostPaths   = 200
)

func plant(paths []string) (*tree, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	if len(paths) > mostPaths {
		return nil, fmt.Errorf("there are more than %d paths", mostPaths)
	}
	t := &tree{}
	for _, path := range paths {
		names, err := parsePath(path)
		if err != nil {
			return nil, err
		}
		t.add(names)
	}
	return t, nil
}

// parsePath splits "statistics.latitude" into its names. A dot or a backslash inside a name is written `\.` or `\\`.
func parsePath(path string) ([]string, error) {
	wrong := func(why string) ([]string, error) { return nil, fmt.Errorf("path %q %s", path, why) }
	if len(path) > longestPath {
		return nil, fmt.Errorf("a path is longer than %d bytes", longestPath)
	}
	var names []string
	var name strings.Builder
	escaped := false
	for _, c := range path + "." {
		switch {
		case escaped && c != '.' && c != '\\':
			return wrong(`has a backslash before something else than . or \`)
		case escaped:
			name.WriteRune(c)
			escaped = false
		case c == '\\':
			escaped = true
		case c == '.' && name.Len() == 0:
			return wrong("has an empty name")
		case c == '.':
			names = append(names, name.String())
			name.Reset()
		case c == '[' || c == ']' || c == '*' || c == '$' || c <= ' ' || c == 0xFFFD || c == 0x7f:
			return wrong("holds a character that no path has; a path leads through arrays by itself")
		default:
			name.WriteRune(c)
		}
	}
	if escaped || name.Len() > 0 {
		return wrong("ends in a backslash")
	}
	return names, nil
}
