package pickle_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/pygil/pygil/pipe/pickle"
)

// Values arrive with the types they had.
func Example() {
	data, err := pickle.Marshal([]any{42, nil, "hello", int8(7), []string{}, []string(nil)})
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := pickle.Unmarshal(data)
	fmt.Printf("%#v %v\n", v, err)
	// Output: []interface {}{42, interface {}(nil), "hello", 7, []string{}, []string(nil)} <nil>
}

type Employee struct {
	Name string
	Boss *Employee
}

// Types of the program are registered in both processes.
func ExampleRegister() {
	pickle.Register[Employee]()
	ann := &Employee{Name: "Ann"}
	data, _ := pickle.Marshal([]*Employee{{"Bob", ann}, {"Cid", ann}, ann})
	v, _ := pickle.Unmarshal(data)
	staff := v.([]*Employee)
	fmt.Println(staff[0].Boss.Name, staff[0].Boss == staff[1].Boss, staff[1].Boss == staff[2])
	// Output: Ann true true
}

type Job struct {
	Args map[string]any
}

// What cannot travel is named.
func ExampleError() {
	pickle.Register[Job]()
	_, err := pickle.Marshal(Job{Args: map[string]any{"callback": func() {}}})
	fmt.Println(err)
	var perr *pickle.Error
	if errors.As(err, &perr) {
		fmt.Println(perr.Path)
		fmt.Println(perr.PythonText())
	}
	// Output:
	// pickle: cannot pickle 'func' object at Job.Args["callback"]: a function cannot leave its process; send a name and look it up on the other side, as process.Define does
	// Job.Args["callback"]
	// cannot pickle 'func' object
}

// UnmarshalInto converts what loses nothing and refuses the rest.
func ExampleUnmarshalInto() {
	data, _ := pickle.Marshal([]any{1, 2.0, int8(3)})
	var ints []int
	fmt.Println(pickle.UnmarshalInto(data, &ints), ints)

	data, _ = pickle.Marshal(300)
	var small int8
	fmt.Println(pickle.UnmarshalInto(data, &small))
	// Output:
	// <nil> [1 2 3]
	// pickle: cannot unpickle: int was sent where int8 is wanted, which cannot hold it
}

// Temperature hides its unit and says how it is rebuilt.
type Temperature struct{ kelvin float64 }

func (t *Temperature) Reduce() (any, error) { return t.kelvin, nil }

func ExampleRegisterReducer() {
	pickle.RegisterReducer(func(kelvin float64) (*Temperature, error) {
		if kelvin < 0 {
			return nil, errors.New("below absolute zero")
		}
		return &Temperature{kelvin}, nil
	})
	data, _ := pickle.Marshal(&Temperature{293.15})
	v, err := pickle.Unmarshal(data)
	fmt.Println(v.(*Temperature).kelvin, err)
	// Output: 293.15 <nil>
}

// A type of another package, with a pair of functions.
func ExampleRegisterPair() {
	pickle.RegisterPair(
		func(n *net.IPNet) (string, error) { return n.String(), nil },
		func(s string) (*net.IPNet, error) {
			_, n, err := net.ParseCIDR(s)
			return n, err
		})
	_, n, _ := net.ParseCIDR("10.1.0.0/16")
	data, _ := pickle.Marshal(n)
	v, err := pickle.Unmarshal(data)
	fmt.Println(v, err)
	// Output: 10.1.0.0/16 <nil>
}

type Result struct{ Err error }

// Errors keep their text and what they match.
func ExampleCarriedError() {
	pickle.Register[Result]()
	data, _ := pickle.Marshal(Result{fmt.Errorf("reading the header: %w", io.ErrUnexpectedEOF)})
	v, _ := pickle.Unmarshal(data)
	err := v.(Result).Err
	fmt.Println(err)
	fmt.Println(errors.Is(err, io.ErrUnexpectedEOF))
	fmt.Printf("%T\n", err)
	// Output:
	// reading the header: unexpected EOF
	// true
	// *pickle.CarriedError
}

func ExampleCarry() {
	data, err := pickle.Marshal([]any{1, pickle.Carry(errors.New("boom"))})
	if err != nil {
		fmt.Println(err)
	}
	v, _ := pickle.Unmarshal(data)
	fmt.Println(v.([]any)[1])
	// Output: boom
}

// Log is a live object: what travels is its open file.
type Log struct{ f *os.File }

func (l *Log) ReduceHandle(h *pickle.Handles) (any, error) { return h.Add(l.f), nil }

func ExampleRegisterHandle() {
	pickle.RegisterHandle(func(h *pickle.Handles, number int) (*Log, error) {
		f, err := h.Take(number)
		if err != nil {
			return nil, err
		}
		file, ok := f.(*os.File)
		if !ok {
			return nil, fmt.Errorf("a %T is no file", f)
		}
		return &Log{file}, nil
	})
	l := &Log{os.Stdout}
	_, err := pickle.Marshal(l)
	fmt.Println(err)

	var handles pickle.Handles
	data, _ := pickle.Marshal(l, pickle.WithHandles(&handles))
	// … the message and handles.All() travel …
	v, _ := pickle.Unmarshal(data, pickle.WithHandles(&handles))
	fmt.Fprintln(v.(*Log).f, "written through the handle")
	// Output:
	// pickle: Log objects should only be shared between processes through inheritance: pass it as an argument of a process, or send it over a connection that carries handles
	// written through the handle
}

// Large byte slices need not be copied into the message.
func ExampleWithBuffers() {
	frame := make([]byte, 1<<20)
	var buffers pickle.Buffers
	data, _ := pickle.Marshal(map[string]any{"frame": frame}, pickle.WithBuffers(&buffers))
	fmt.Println(len(data) < 100, len(buffers.List))

	v, _ := pickle.Unmarshal(data, pickle.WithBuffers(&buffers))
	fmt.Println(&v.(map[string]any)["frame"].([]byte)[0] == &frame[0])
	// Output:
	// true 1
	// true
}

// Other codecs behind the same interface.
func ExampleCodec() {
	for _, codec := range []pickle.Codec{pickle.Native, pickle.Gob, pickle.JSON} {
		data, err := codec.Append(nil, map[string]int{"a": 1})
		if err != nil {
			fmt.Println(err)
			continue
		}
		v, err := codec.Unmarshal(data)
		fmt.Println(codec, v, err)
	}
	data, _ := pickle.JSON.Append(nil, map[string]int{"a": 1})
	fmt.Printf("%s\n", data)
	// Output:
	// native map[a:1] <nil>
	// gob map[a:1] <nil>
	// json map[a:1] <nil>
	// {"type":"map[string]int","value":{"a":1}}
}
