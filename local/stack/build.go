package stack

import (
	"context"
	"path/filepath"

	"leadrelay/local/azurite"
	"leadrelay/local/dist"
)

// build compiles the handler and the stand-in host and lays out an app root as `make package` does.
func (s *Stack) build(ctx context.Context) error {
	s.opts.Say("building the handler and the host (the first time takes a minute)")
	src, err := azurite.Root()
	if err != nil {
		return err
	}
	programs := map[string]string{"handler": "./functions/handler"}
	if !s.opts.CoreTools {
		programs["bin/host"] = "./local/host"
	}
	for name, pkg := range programs {
		if err := dist.Build(ctx, src, pkg, filepath.Join(s.root, name), false); err != nil {
			return err
		}
	}
	return dist.LayOut(src, s.root)
}
