package measure

import "slices"

// Spread is a median with its extremes.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// SpreadOf is that of some values; zero for none.
func SpreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return Spread{Median: (v[(n-1)/2] + v[n/2]) / 2, Min: v[0], Max: v[n-1]}
}

// Of is the spread of one figure of a candidate.
func (r Results) Of(candidate string, figure func(Sample) float64) Spread {
	var values []float64
	for _, s := range r[candidate] {
		values = append(values, figure(s))
	}
	return SpreadOf(values)
}

// Ratio is the spread of one figure of a candidate against another's, round by round.
func (r Results) Ratio(candidate, against string, figure func(Sample) float64) Spread {
	var values []float64
	for i, s := range r[candidate] {
		if i < len(r[against]) {
			if base := figure(r[against][i]); base > 0 {
				values = append(values, figure(s)/base)
			}
		}
	}
	return SpreadOf(values)
}

// CPU is the figure that is compared most: microseconds of CPU for one.
func CPU(s Sample) float64 { return float64(s.PerOne()) / 1e3 }
