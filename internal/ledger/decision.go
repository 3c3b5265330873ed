package ledger

import "encoding/json"

// maxDecisions bounds the decisions that an event row keeps, in bytes of JSON: a property holds 64 KiB.
const maxDecisions = 60 << 10

// packDecisions keeps as many decisions as fit; the last one then says that there were more.
func packDecisions(list []Decision) []byte {
	b := []byte("[")
	for i, d := range list {
		one, err := json.Marshal(d)
		if err != nil {
			continue // strings always marshal
		}
		if len(b)+len(one) > maxDecisions {
			more, _ := json.Marshal(Decision{Why: "and further destinations, which the row has no room for"})
			b = append(append(b, ','), more...)
			break
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, one...)
	}
	if len(list) == 0 {
		return nil
	}
	return append(b, ']')
}

func unpackDecisions(b []byte) []Decision {
	var out []Decision
	if len(b) == 0 || json.Unmarshal(b, &out) != nil {
		return nil
	}
	return out
}
