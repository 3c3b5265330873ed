package cost

import (
	"math"
	"time"
)

// Dollars are what a million leads cost, at list prices and without the free grant.
type Dollars struct {
	ByMeter    map[Meter]float64 // storage, without Drain
	Storage    float64           // their sum
	Executions float64           // of functions: Receive and Deliver
	GBSeconds  float64           // the time of those
	Total      float64
	Drain      float64 // storage operations of a lender's drain; its time is what its CRM takes
	Kept       float64 // a month of what stays in the tables
}

const million = 1e6

// Price turns a lead into dollars for a million of them.
func (p Prices) Price(l Lead) (Dollars, error) {
	d := Dollars{ByMeter: map[Meter]float64{}}
	for _, phase := range Phases() {
		bill, err := l.Operations[phase].Bill()
		if err != nil {
			return d, err
		}
		for m, n := range bill {
			dollars := n * million / 10_000 * p.Per10000[m]
			if phase == Drain {
				d.Drain += dollars
				continue
			}
			d.ByMeter[m] += dollars
			d.Storage += dollars
		}
	}
	d.Executions = 2 * p.PerMillionExecutions
	d.GBSeconds = p.GBSecondsOf(l) * million * p.GBSecond
	d.Total = d.Storage + d.Executions + d.GBSeconds
	d.Kept = l.StoredBytes * million / 1e9 * p.TableGBMonth
	return d, nil
}

// GBSecondsOf is the metered memory-time of one lead: Receive and Deliver, each as if it were alone in its instance. Calls
// that overlap in one instance share the memory, so this is the most that it can be.
func (p Prices) GBSecondsOf(l Lead) float64 {
	return p.metered(l.Durations[Receive]) + p.metered(l.Durations[Deliver])
}

func (p Prices) metered(d time.Duration) float64 {
	seconds := math.Ceil(d.Seconds()*1000) / 1000
	return max(seconds, p.LeastExecution) * p.Memory
}

// Ceiling is how many leads a second one deployment with one account takes before a limit of the platform is reached.
type Ceiling struct {
	Queue     float64 // each lead is one message of the intake
	Account   float64 // its requests to our own account
	Partition float64 // what it writes into the partition of its partner's day
	Leads     float64 // the least of them
}

// Ceiling of a deployment whose leads are all as l is and come from one partner.
func (p Prices) Ceiling(l Lead) Ceiling {
	c := Ceiling{Queue: p.QueueMessages, Account: p.AccountRequests / l.Own, Partition: p.AccountRequests}
	if l.DayWrites > 0 {
		c.Partition = p.PartitionEntities / l.DayWrites
	}
	c.Leads = min(c.Queue, c.Account, c.Partition)
	return c
}

// Way is what it takes to get to a rate: deployments side by side, each for a group of partners, each with an account of
// its own; they share nothing.
type Way struct {
	Rate        float64 // leads a second, all together
	Deployments int     // and so accounts
	Instances   int     // of the handler's core, all together, at half load; the Functions host comes on top
	Apps        int     // Deployments, or more where an app's limit of instances is met first
}

// WayTo is what a rate takes when a lead needs so much of a core.
func (p Prices) WayTo(rate float64, c Ceiling, core time.Duration) Way {
	const load = 0.5
	w := Way{Rate: rate, Deployments: int(math.Ceil(rate / (c.Leads * safety)))}
	w.Instances = max(w.Deployments, int(math.Ceil(rate*core.Seconds()/load)))
	w.Apps = max(w.Deployments, int(math.Ceil(float64(w.Instances)/float64(p.Instances))))
	return w
}

// safety is how near to a ceiling a deployment is planned.
const safety = 0.7
