package main

import (
	"leadrelay/internal/config"
)

// laneEnviron is environ with lanes: those of the environment, else, when its storage is that of the stack that runs
// here, those of that stack.
func (f *storageFlag) laneEnviron() ([]string, error) {
	environ, err := f.environ()
	if err != nil {
		return nil, err
	}
	env := config.New(environ)
	if len(env.Names("INBOX")) > 0 {
		return environ, nil
	}
	r, err := findRunning()
	if err != nil || env.Global().String("AzureWebJobsStorage", "") != r.Info.Storage {
		return environ, nil
	}
	return append(environ, r.Settings...), nil
}
