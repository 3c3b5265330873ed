package function

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/settings"
)

// validator checks one function (functions-host.md §5.1).
type validator struct {
	*Function
	bundle bool
	app    *settings.Settings
}

func (v *validator) functionName() {
	if !regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_\-]{0,127}$`).MatchString(v.Name) || strings.EqualFold(v.Name, "host") {
		v.Complain("'%s' is not a valid function name.", v.Name)
	}
}

// script checks scriptFile, which custom handlers need not give; if given it must exist.
func (v *validator) script(root, file string) {
	if file == "" {
		return
	}
	if _, err := os.Stat(filepath.Join(root, v.Name, file)); err != nil {
		v.Complain("Invalid script file name configuration. The 'scriptFile' property is set to a file that does not exist.")
	}
}

func (v *validator) binding(raw rawBinding) {
	b := Binding{Type: raw.Type, Name: raw.Name, Direction: strings.ToLower(raw.Direction), DataType: strings.ToLower(raw.DataType),
		Connection: raw.Connection, AuthLevel: strings.ToLower(raw.AuthLevel), Methods: raw.Methods,
		RunOnStartup: raw.RunOnStartup, UseMonitor: raw.UseMonitor == nil || *raw.UseMonitor}
	if b.Direction == "" {
		b.Direction = "in"
	}
	v.bindingName(b)
	if b.Direction != "in" && b.Direction != "out" {
		v.Complain("binding '%s': direction '%s' is not in or out.", b.Name, raw.Direction)
	}
	v.known(b)
	switch strings.ToLower(b.Type) {
	case "httptrigger":
		v.http(&b, raw)
	case "timertrigger":
		b.Schedule = v.resolve("schedule", raw.Schedule)
	case "queuetrigger", "queue":
		v.queue(&b, raw)
	}
	if b.Direction == "out" {
		v.Outputs = append(v.Outputs, b)
	} else {
		v.Inputs = append(v.Inputs, b)
	}
}

func (v *validator) bindingName(b Binding) {
	if b.Name != "$return" && !regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]{0,127}$`).MatchString(b.Name) {
		v.Complain("The binding name %s is invalid. Please assign a valid name to the binding.", b.Name)
	}
	if b.Name == "$return" && b.Direction == "in" {
		v.Complain("The binding name $return is for output bindings only.")
	}
	for _, other := range slices.Concat(v.Inputs, v.Outputs) {
		if strings.EqualFold(other.Name, b.Name) {
			v.Complain("Multiple bindings with name '%s' discovered. Binding names must be unique.", b.Name)
		}
	}
}

// known refuses types that the real host would not find, and those that this one does not offer (§5.2: queue needs the bundle).
func (v *validator) known(b Binding) {
	kind := strings.ToLower(b.Type)
	inbound := []string{"httptrigger", "timertrigger", "manualtrigger", "queuetrigger"}
	outbound := []string{"http", "queue"}
	switch {
	case b.Type == "":
		v.Complain("Binding '%s' is invalid. Bindings must specify a Type.", b.Name)
	case strings.HasPrefix(kind, "queue") && !v.bundle:
		v.Complain("The binding type(s) '%s' are not registered. Please ensure the type is correct and the binding extension is installed.", b.Type)
	case b.Direction == "in" && !slices.Contains(inbound, kind), b.Direction == "out" && !slices.Contains(outbound, kind):
		v.Complain("The binding type(s) '%s' were not found in the configured extension bundle. Please ensure the type is correct and the correct version of extension bundle is configured. (This stand-in offers %s and %s.)",
			b.Type, strings.Join(inbound, ", "), strings.Join(outbound, ", "))
	}
}

func (v *validator) http(b *Binding, raw rawBinding) {
	if b.AuthLevel == "" {
		b.AuthLevel = "function"
	}
	if !slices.Contains([]string{"anonymous", "function", "admin"}, b.AuthLevel) {
		v.Complain("binding '%s': authLevel '%s' is not anonymous, function or admin.", b.Name, raw.AuthLevel)
	}
	b.Route = v.Name
	if raw.Route != nil {
		b.Route = *raw.Route
	}
}

func (v *validator) queue(b *Binding, raw rawBinding) {
	if b.Connection == "" {
		b.Connection = "AzureWebJobsStorage"
	}
	b.QueueName = strings.ToLower(v.resolve("queueName", raw.QueueName))
	if b.QueueName != "" && !regexp.MustCompile(`^[a-z0-9](-?[a-z0-9])*$`).MatchString(b.QueueName) || len(b.QueueName) > 63 {
		v.Complain("binding '%s': '%s' is not a valid queue name.", b.Name, b.QueueName)
	}
}

func (v *validator) resolve(field, text string) string {
	if text == "" {
		v.Complain("%s is missing.", field)
		return ""
	}
	value, err := v.app.Resolve(text)
	if err != nil {
		v.Complain("%s: %w", field, err)
	}
	return value
}

// whole checks what only all bindings together show.
func (v *validator) whole(count int) {
	if count == 0 {
		v.Complain("At least one binding must be declared.")
		return
	}
	var triggers []Binding
	for _, b := range v.Inputs {
		if b.IsTrigger() {
			triggers = append(triggers, b)
		}
	}
	switch len(triggers) {
	case 0:
		v.Complain("No trigger binding specified. A function must have a trigger input binding.")
	case 1:
		v.Trigger = triggers[0]
	default:
		v.Complain("Multiple trigger bindings defined. A function can only have a single trigger binding.")
	}
}

// retry reads the function's own policy, which wins over host.json's (§5.3).
func (v *validator) retry(r *rawRetry) {
	count := ""
	if r.MaxRetryCount != nil {
		count = strconv.Itoa(*r.MaxRetryCount)
	}
	policy, err := hostjson.ParseRetry(r.Strategy, count, r.DelayInterval, r.MinimumInterval, r.MaximumInterval)
	if err != nil {
		v.Complain("retry: %w", err)
	}
	v.Retry = policy
}
