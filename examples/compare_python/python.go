package main

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed bench.py
var script []byte

// errNoPython says what is missing.
var errNoPython = errors.New("there is no Python here: neither -python, nor the variable PYTHON, nor python3 or python in the PATH leads to one of 3.8 or later")

// python is a Python that does ops.
type python struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *bufio.Scanner
	dir     string
	version string
}

// find is the command that starts a Python.
func find(asked string) (string, error) {
	for _, name := range []string{asked, os.Getenv("PYTHON"), "python3", "python"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
		if name == asked {
			break // another one is not what was asked for
		}
	}
	return "", errNoPython
}

// startPython starts a Python that waits for ops. Its script is a file: what
// multiprocessing spawns has to import it.
func startPython(asked string) (p *python, err error) {
	path, err := find(asked)
	if err != nil {
		return nil, err
	}
	p = &python{}
	if p.dir, err = os.MkdirTemp("", "compare_python"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(p.dir))
		}
	}()
	file := filepath.Join(p.dir, "bench.py")
	if err := os.WriteFile(file, script, 0o600); err != nil {
		return nil, err
	}
	p.cmd = exec.Command(path, file)
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.answers = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if !p.answers.Scan() || !strings.HasPrefix(p.answers.Text(), "Python ") {
		return nil, errors.Join(errNoPython, p.in.Close(), p.cmd.Wait())
	}
	p.version = p.answers.Text()
	return p, nil
}

// measure has an op done n times.
func (p *python) measure(name string, n int) (time.Duration, error) {
	if _, err := fmt.Fprintf(p.in, "%s %d\n", name, n); err != nil {
		return 0, err
	}
	if !p.answers.Scan() {
		return 0, errors.Join(errors.New("the Python has ended"), p.answers.Err())
	}
	seconds, err := strconv.ParseFloat(p.answers.Text(), 64)
	if err != nil {
		return 0, fmt.Errorf("the Python says: %s", p.answers.Text())
	}
	return time.Duration(seconds * 1e9), nil
}

// close ends the Python.
func (p *python) close() error {
	if p == nil {
		return nil
	}
	return errors.Join(p.in.Close(), p.cmd.Wait(), os.RemoveAll(p.dir))
}
