package receiver

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Summary is what came in.
type Summary struct {
	Requests int            `json:"requests"`
	Bodies   int            `json:"bodies"` // different ones
	Wrong    int            `json:"wrong_proofs"`
	Left     int            `json:"hung_up"` // senders that did not wait for the answer
	Answers  map[string]int `json:"answers"` // by status; "dropped" without one
}

// Summary is of the requests so far.
func (r *Receiver) Summary() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sum
	s.Answers = maps.Clone(s.Answers)
	return s
}

func (s *Summary) add(rec Record) {
	if s.Answers == nil {
		s.Answers = map[string]int{}
	}
	s.Requests++
	if rec.Copy == 1 {
		s.Bodies++
	}
	if rec.Proof == wrong {
		s.Wrong++
	}
	switch {
	case rec.Left:
		s.Left++
	case rec.Answer == 0:
		s.Answers["dropped"]++
	default:
		s.Answers[strconv.Itoa(rec.Answer)]++
	}
}

// Write tells it to a person.
func (s Summary) Write(w io.Writer) error {
	if s.Requests == 0 {
		_, err := fmt.Fprintln(w, "nothing came in")
		return err
	}
	var answers []string
	for _, status := range slices.Sorted(maps.Keys(s.Answers)) {
		answers = append(answers, fmt.Sprintf("%s × %d", status, s.Answers[status]))
	}
	if s.Left > 0 {
		answers = append(answers, fmt.Sprintf("%d not waited for", s.Left))
	}
	_, err := fmt.Fprintf(w, "requests %d, different bodies %d, wrong proofs %d; answers: %s\n", s.Requests, s.Bodies, s.Wrong, strings.Join(answers, ", "))
	return err
}
