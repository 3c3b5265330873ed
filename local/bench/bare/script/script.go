// Package script is what Deliver and Drain ask of Azure for one event, as data: recorded from the product, frozen, and held to
// it by a test of local/bench/bare.
package script

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
)

// Script is the list of requests that the product makes for one event or one message, as data: recorded from the product
// by the package's test and frozen. The floor plays it.
type Script struct {
	Of    string `json:"of"`
	Fetch *Step  `json:"fetch,omitempty"` // of a drain: the Get Messages before the steps of each message
	Steps []Step `json:"steps"`
}

// Step is one request. In Path, Header and Body stand the holders below.
type Step struct {
	Stage  int               `json:"stage"` // steps of one stage are sent side by side, after those of the stage before
	Method string            `json:"method"`
	To     string            `json:"to"`   // table, queue or blob: our account; lender: theirs, by SAS; crm
	Path   string            `json:"path"` // behind the base of To, with the query
	Header map[string]string `json:"header"`
	Sign   string            `json:"sign,omitempty"` // SharedKey or SharedKeyLite
	Body   string            `json:"body,omitempty"`
	Want   int               `json:"want"` // status of the answer; any other 2xx is as good as a 2xx
}

// Holders of what differs from one event to the next.
const (
	Fresh   = "@@@@@@@@"  // what each lead has anew: eight digits, so that no length changes
	Message = "@message@" // of a drain: the id and the pop receipt of the message
	Pop     = "@pop@"
)

//go:embed recorded
var recorded embed.FS

// Load gives a script: deliver1, deliver2, deliver8 (destinations) or drain.
func Load(name string) (Script, error) {
	b, err := recorded.ReadFile("recorded/" + name + ".json")
	if err != nil {
		return Script{}, fmt.Errorf("there is no script %s", name)
	}
	var s Script
	if err := json.Unmarshal(b, &s); err != nil {
		return Script{}, fmt.Errorf("script %s: %w", name, err)
	}
	return s, nil
}

// Stages are the steps by stage, in order.
func (s Script) Stages() [][]Step {
	var out [][]Step
	byStage := map[int][]Step{}
	for _, step := range s.Steps {
		byStage[step.Stage] = append(byStage[step.Stage], step)
	}
	for stage := range byStage {
		for len(out) <= stage {
			out = append(out, nil)
		}
		out[stage] = byStage[stage]
	}
	return slices.DeleteFunc(out, func(steps []Step) bool { return len(steps) == 0 })
}
