package ordered

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMapIsASortedMap holds it against a map and a sort.
func TestMapIsASortedMap(t *testing.T) {
	var m Map[int]
	model, random := map[string]int{}, rand.New(rand.NewPCG(1, 2))
	for n := range 20_000 {
		key := fmt.Sprintf("%04x", random.IntN(6000))
		if random.IntN(3) == 0 || n > 15_000 {
			m.Delete(key)
			delete(model, key)
		} else {
			m.Set(key, n)
			model[key] = n
		}
		if n%1000 != 999 {
			continue
		}
		from := fmt.Sprintf("%04x", random.IntN(6000))
		var got, want []string
		for k, v := range m.From(from) {
			got = append(got, k)
			if model[k] != v {
				t.Fatalf("%s is %d, want %d", k, v, model[k])
			}
		}
		for _, k := range slices.Sorted(maps.Keys(model)) {
			if k >= from {
				want = append(want, k)
			}
		}
		if !slices.Equal(got, want) || m.Len() != len(model) {
			t.Fatalf("after %d: %d keys from %s, want %d", n, len(got), from, len(want))
		}
	}
}
