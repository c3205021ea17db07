package preset_test

import (
	"fmt"

	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func Example() {
	work := preset.CPU()
	m := work.Machine()
	err := m.Run(gil.CPython313, func(t *gil.Thread) {
		for _, task := range work.Tasks {
			t.Go("", task.Do)
		}
	})
	fmt.Printf("%s: %d threads, %.2f s, err %v\n", work.Name, len(work.Tasks), m.Now().Seconds(), err)
	// Output: nb-cpu: 4 threads, 76.69 s, err <nil>
}
