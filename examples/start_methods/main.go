// Start_methods has processes use what the program had made before it started them.
// A forked one finds it, as it is a copy; one that is spawned, or comes from the fork
// server, starts with a program that has not run. Which it is depends on the Python.
//
//	go run ./examples/start_methods
//	go run ./examples/start_methods -profile 3.14
package main

import (
	"context"
	"errors"
	"strings"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

func main() { cli.Main("start_methods", story) }

// event is a global of the program, which its main process sets.
var event *process.Event

// look is what a worker does with it, without having been given it.
var look = process.Define("start_methods.look", func(t *gil.Thread, _ process.None) (string, error) {
	err := event.Wait(t)
	var unknown *process.ValueError
	if errors.As(err, &unknown) {
		return "NameError: " + unknown.PythonText(), nil
	}
	return "works", err
})

// reaches is what becomes of a worker that uses the global event.
func reaches(s *cli.Show, method gil.StartMethod) (said string, a cli.Account) {
	a = s.Run(func(t *gil.Thread) {
		var err error
		event, err = process.NewEvent(t)
		s.Check(err)
		s.Check(event.Set(t))
		said, err = look.Call(t, process.None{})
		s.Check(err)
	}, gil.WithStartMethod(method))
	return said, a
}

// unguarded is what comes of a start in a program whose main is not process.Main's:
// Python's words. Real children only need that; simulated ones have no main.
func unguarded() string {
	_, err := look.Start(context.Background(), process.None{})
	var refused *process.RuntimeError
	if !errors.As(err, &refused) {
		return "started"
	}
	return "RuntimeError: " + strings.Join(strings.Fields(refused.PythonText()), " ")
}

// undefined is what comes of a function that only this process knows, as those typed
// into a notebook.
func undefined() error {
	_, err := process.Lookup("notebook.f")
	return err
}

func story(s *cli.Show) {
	s.Simulated()
	s.Printf("An event that the program has set before it starts a worker\n")
	for _, method := range []gil.StartMethod{gil.Fork, gil.ForkServer, gil.Spawn} {
		said, a := reaches(s, method)
		s.Printf("%-12v%-36s%v\n", method, said, a)
	}
	said, _ := reaches(s, s.Python.StartMethod())
	s.Printf("Python %v starts processes by %v: %s\n\n", s.Python, s.Python.StartMethod(), said)
	s.Printf("without if __name__ == \"__main__\": %s\n", unguarded())
	s.Printf("a function typed into a notebook: %v\n", undefined())
}
