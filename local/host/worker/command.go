package worker

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/settings"
)

// Command is how the handler is started: what host.json's description comes to (functions-host.md §1.2, §1.3).
type Command struct {
	Path string
	Args []string
	Dir  string
	Env  []string // without the four names that change with each start
	Root string   // absolute app root
}

// NewCommand resolves a description against the app root and the app settings.
func NewCommand(w hostjson.Worker, root string, app *settings.Settings) Command {
	base := under(root, expand(w.WorkerDirectory, app))
	path := expand(w.Executable, app)
	if !filepath.IsAbs(path) {
		// Joined to the worker directory only if that file is there; otherwise left for PATH.
		if joined := filepath.Join(base, path); exists(joined) {
			path = joined
		}
	}
	var line strings.Builder
	merge := func(arg string) {
		// No quoting, and %NAME%s that are not set vanish.
		line.WriteString(" " + regexp.MustCompile(`%(.+?)%`).ReplaceAllString(expand(arg, app), ""))
	}
	for _, arg := range w.Arguments {
		merge(arg)
	}
	if w.WorkerPath != "" {
		line.WriteString(` "` + w.WorkerPath + `"`)
	}
	for _, arg := range w.WorkerArguments {
		merge(arg)
	}
	return Command{Path: path, Args: split(line.String()), Dir: under(root, w.WorkingDirectory), Env: app.Environ(), Root: root}
}

// environ adds the handler's port, a new worker id and the app root (§1.3).
func (c Command) environ(port int) []string {
	id, p := uuid.NewString(), strconv.Itoa(port)
	return append(append([]string{}, c.Env...),
		"FUNCTIONS_CUSTOMHANDLER_PORT="+p, "FUNCTIONS_HTTPWORKER_PORT="+p,
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID="+id, "FUNCTIONS_HTTPWORKER_ID="+id,
		"FUNCTIONS_APP_ROOT_PATH="+c.Root)
}

// cmd builds the process to start on a port.
func (c Command) cmd(port int) *exec.Cmd {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir = c.Dir
	cmd.Env = c.environ(port)
	return cmd
}

func under(root, dir string) string {
	if filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(root, dir)
}

func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// expand puts settings for %NAME%s and leaves those that are not set.
func expand(text string, app *settings.Settings) string {
	return regexp.MustCompile(`%([^%]+)%`).ReplaceAllStringFunc(text, func(token string) string {
		if value, ok := app.Lookup(strings.Trim(token, "%")); ok {
			return value
		}
		return token
	})
}

// split cuts a command line as .NET does for a process: at blanks, except inside double quotes; \" is a quote.
func split(line string) []string {
	var args []string
	var arg strings.Builder
	quoted, started := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line) && line[i+1] == '"':
			i++
			arg.WriteByte('"')
			started = true
		case c == '"':
			quoted, started = !quoted, true
		case (c == ' ' || c == '\t') && !quoted:
			if started {
				args = append(args, arg.String())
			}
			arg.Reset()
			started = false
		default:
			arg.WriteByte(c)
			started = true
		}
	}
	if started {
		args = append(args, arg.String())
	}
	return args
}
