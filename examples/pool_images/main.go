// Pool_images downloads eighty images: one after the other, with a ThreadPoolExecutor, and
// with a ProcessPoolExecutor. An image takes 56.25 ms of network and 18.75 ms of Python,
// and the computer is simulated, so that it prints the same times everywhere.
package main

import (
	"fmt"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// download is what the workers run. A process finds it by its name.
var download = process.Define("download", func(t *gil.Thread, image int) (string, error) {
	t.IO(preset.ImageWait)
	t.Compute(preset.ImageHold)
	return fmt.Sprintf("img_%02d.jpg", image), nil
})

const (
	images  = preset.ImageCount
	workers = preset.ImageWorkers
)

func serial(t *gil.Thread, list []int) (files []string, err error) {
	for _, image := range list {
		file, err := download.Run(t, image)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

func threads(t *gil.Thread, list []int) (files []string, err error) {
	ex := pool.NewThreadExecutor(t, workers)
	ex.With(t, func() { files, err = gather(t, ex, list) })
	return files, err
}

func processes(t *gil.Thread, list []int) (files []string, err error) {
	ex, err := pool.NewProcessExecutor(t, workers)
	if err != nil {
		return nil, err
	}
	if shutdown := ex.With(t, func() { files, err = gather(t, ex, list) }); err == nil {
		err = shutdown
	}
	return files, err
}

// gather is list(executor.map(download, images)).
func gather(t *gil.Thread, ex pool.Executor, list []int) (files []string, err error) {
	for file, err := range pool.MapOn(t, ex, download, list) {
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

func main() { cli.Main("pool_images", story) }

func story(s *cli.Show) {
	s.Simulated()
	var list []int
	for i := range images {
		list = append(list, i)
	}
	for _, way := range []struct {
		name string
		run  func(t *gil.Thread, list []int) ([]string, error)
	}{{"one after the other", serial}, {"threads", threads}, {"processes", processes}} {
		var files []string
		a := s.Run(func(t *gil.Thread) {
			var err error
			files, err = way.run(t, list)
			s.Check(err)
		}, gil.WithStartCost(preset.ProcessStart))
		s.Printf("%-20s %2d images, the last is %s: %5.2f s  (%v)\n", way.name, len(files), files[len(files)-1], a.Took.Seconds(), a)
	}
}
