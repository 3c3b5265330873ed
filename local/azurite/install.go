package azurite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Installed tells whether Azurite is there to be started.
func Installed() bool {
	dir, err := folder()
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(dir, "node_modules", "azurite", "package.json"))
	return err == nil
}

// Install fetches the pinned Azurite into local/node_modules with npm ci. It takes some seconds.
func Install(ctx context.Context) error {
	dir, err := folder()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--no-progress", "--loglevel=error")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in local/ (are Node 20 and npm installed?): %w\n%s", err, out)
	}
	return nil
}

// folder is local/ of the checkout that holds the working directory.
func folder() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "local"), nil
}

// Root is the top of the checkout that holds the working directory: the folder with go.mod and local/package.json.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		_, mod := os.Stat(filepath.Join(dir, "go.mod"))
		_, pkg := os.Stat(filepath.Join(dir, "local", "package.json"))
		if mod == nil && pkg == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("not inside a checkout of leadrelay: no go.mod with local/package.json above the working directory")
		}
		dir = parent
	}
}
