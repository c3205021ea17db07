package pickle_test

import (
	"fmt"

	"github.com/pygil/pygil/pipe/pickle"
)

// What a Python process sends with conn.send({"id": 7, "tags": ("a", None)}), and
// what it gets.
func ExamplePython() {
	fromPython := []byte("\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x02id\x94K\x07\x8c\x04tags\x94\x8c\x01a\x94N\x86\x94u.")
	v, err := pickle.Python.Unmarshal(fromPython)
	fmt.Println(v, err)

	var order struct {
		ID   int   `pickle:"id"`
		Tags []any `pickle:"tags"`
	}
	err = pickle.Python.UnmarshalInto(fromPython, &order)
	fmt.Println(order.ID, order.Tags, err)

	toPython, err := pickle.Python.Append(nil, []int{1, 2})
	fmt.Printf("%q %v\n", toPython, err)

	// An object of a class that nobody allowed is refused; nothing is imported.
	_, err = pickle.Python.Unmarshal([]byte("cos\nsystem\n(S'rm -rf /'\ntR."))
	fmt.Println(err)
	// Output:
	// {'id': 7, 'tags': ('a', None)} <nil>
	// 7 [a <nil>] <nil>
	// "\x80\x04]\x94(K\x01K\x02e." <nil>
	// pickle: cannot unpickle (byte 11): the pickle needs os.system, which is not allowed here; allow it with pickle.WithClasses("os.system"), or send what it is made from
}
