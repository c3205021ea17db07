package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// A PythonManager is a manager of Python that this program uses: a SyncManager, or
// any other BaseManager, in a Python process, or a [PythonServer]. It is made with
// [ConnectPython]. Its objects are used by their methods' Python names, and hold
// Python's values, see pickle.Python:
//
//	d, err := m.Create(ctx, "dict")
//	_, err = d.Call(ctx, "__setitem__", "key", 1)
//	v, err := d.Call(ctx, "get", "key") // 1
//
// Python: a BaseManager after connect().
type PythonManager struct {
	network, address string
	opts             []pipe.Option

	mu     sync.Mutex
	idle   []*pipe.Conn // connections that serve proxies
	closed bool
}

const managersModule = "multiprocessing.managers"

// managerOptions are what every connection with a manager of Python has.
func managerOptions(authkey []byte, opts []pipe.Option) []pipe.Option {
	return append([]pipe.Option{
		pipe.WithAuthKey(authkey), pipe.WithCodec(pickle.Python),
		pipe.WithPickle(pickle.WithClasses(managersModule+".*", "builtins.slice")),
	}, opts...)
}

// ConnectPython connects to a manager of Python at an address, as for pipe.Dial:
// "unix" and a path, or "tcp" and host:port. Options are those of pipe.Dial, such
// as pipe.WithLegacyAuth for a Python up to 3.11, or
// pipe.WithPickle(pickle.WithClasses(…)) for objects of its own classes.
// Python: m = SyncManager(address, authkey); m.connect().
func ConnectPython(ctx context.Context, network, address string, authkey []byte, opts ...pipe.Option) (*PythonManager, error) {
	m := &PythonManager{network: network, address: address, opts: managerOptions(authkey, opts)}
	if _, err := m.request(ctx, "dummy"); err != nil {
		return nil, err
	}
	return m, nil
}

// Close closes the connections. The objects that proxies still stand for stay.
func (m *PythonManager) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for _, c := range m.idle {
		_ = c.Close()
	}
	m.idle = nil
	return nil
}

// Shutdown ends the manager's process and closes the connections.
// Python: manager.shutdown(), which only who started it has.
func (m *PythonManager) Shutdown(ctx context.Context) error {
	_, err := m.request(ctx, "shutdown")
	return errors.Join(err, m.Close())
}

// NumberOfObjects returns how many objects the manager holds.
// Python: manager._number_of_objects().
func (m *PythonManager) NumberOfObjects(ctx context.Context) (int, error) {
	v, err := m.request(ctx, "number_of_objects")
	n, _ := v.(int)
	return n, err
}

// Create makes an object of a type that the manager knows, or gets one: "dict",
// "list", "Namespace", "Value", "Queue", "Lock", "Event" and the others of
// SyncManager, or what was registered there. Close the proxy when it is no longer
// needed. Python: manager.dict() and so on.
func (m *PythonManager) Create(ctx context.Context, typeid string, args ...any) (*PythonProxy, error) {
	v, err := m.request(ctx, "create", append([]any{typeid}, parcels(m, args)...)...)
	if err != nil {
		return nil, err
	}
	made, ok := v.(pickle.Tuple)
	if !ok || len(made) != 2 {
		return nil, fmt.Errorf("process: the manager of Python answered create with %s", pickle.Repr(v))
	}
	id, ok := made[0].(string)
	exposed, also := made[1].(pickle.Tuple)
	if !ok || !also {
		return nil, fmt.Errorf("process: the manager of Python answered create with %s", pickle.Repr(v))
	}
	return &PythonProxy{m: m, typeid: typeid, id: id, exposed: exposed}, nil
}

// request asks the manager itself, by a connection of its own as Python does.
func (m *PythonManager) request(ctx context.Context, name string, args ...any) (any, error) {
	c, err := pipe.Dial(ctx, m.network, m.address, m.opts...)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return m.dispatch(ctx, c, nil, name, args, nil)
}

// dispatch sends one request and returns its answer.
func (m *PythonManager) dispatch(ctx context.Context, c *pipe.Conn, id any, name string, args pickle.Tuple, kwargs *pickle.Dict) (any, error) {
	if kwargs == nil {
		kwargs = new(pickle.Dict)
	}
	if args == nil {
		args = pickle.Tuple{}
	}
	if err := c.Send(ctx, pickle.Tuple{id, name, args, kwargs}); err != nil {
		return nil, err
	}
	v, err := c.Recv(ctx)
	if err != nil {
		return nil, err
	}
	answer, ok := v.(pickle.Tuple)
	if !ok || len(answer) != 2 {
		return nil, pickle.NewException("ValueError", "Unrecognized message "+pickle.Repr(v))
	}
	switch kind, result := answer[0], answer[1]; kind {
	case "#RETURN":
		return m.unwrap(ctx, result)
	case "#PROXY":
		if made, ok := result.(pickle.Tuple); ok && len(made) == 2 {
			exposed, _ := made[0].(pickle.Tuple)
			if token, ok := made[1].(*pickle.Object); ok {
				if typeid, id, ok := tokenOf(token); ok {
					return &PythonProxy{m: m, typeid: typeid, id: id, exposed: exposed}, nil
				}
			}
		}
	case "#ERROR":
		if e, ok := result.(*pickle.Exception); ok {
			return nil, e
		}
		// One of a class that is not known as an exception.
		return nil, pickle.NewException(managersModule+".RemoteError", pickle.Repr(result))
	case "#TRACEBACK":
		return nil, pickle.NewException(managersModule+".RemoteError", result)
	case "#UNSERIALIZABLE":
		return nil, pickle.NewException(managersModule+".RemoteError", fmt.Sprintf("Unserializable message: %v\n", result))
	}
	return nil, pickle.NewException("ValueError", "Unrecognized message type "+pickle.Repr(answer[0]))
}

// unwrap makes a proxy of the answer that is one.
func (m *PythonManager) unwrap(ctx context.Context, v any) (any, error) {
	typeid, id, exposed, ok := proxyOf(v)
	if !ok {
		return v, nil
	}
	if _, err := m.request(ctx, "incref", id); err != nil {
		return nil, err
	}
	return &PythonProxy{m: m, typeid: typeid, id: id, exposed: exposed}, nil
}

// tokenOf reads what a proxy refers to by.
func tokenOf(token *pickle.Object) (typeid, id string, ok bool) {
	state, _ := token.State.(pickle.Tuple)
	if token.Class.Name != "Token" || len(state) != 3 {
		return "", "", false
	}
	typeid, ok = state[0].(string)
	id, also := state[2].(string)
	return typeid, id, ok && also
}

// proxyOf reads a proxy that was sent as a value.
func proxyOf(v any) (typeid, id string, exposed pickle.Tuple, ok bool) {
	o, _ := v.(*pickle.Object)
	if o == nil || o.Class != (pickle.Global{Module: managersModule, Name: "RebuildProxy"}) || len(o.Args) != 4 {
		return "", "", nil, false
	}
	token, _ := o.Args[1].(*pickle.Object)
	if token == nil {
		return "", "", nil, false
	}
	if kwargs, _ := o.Args[3].(*pickle.Dict); kwargs != nil {
		list, _ := kwargs.Get("exposed")
		exposed, _ = list.(pickle.Tuple)
	}
	typeid, id, ok = tokenOf(token)
	return typeid, id, exposed, ok
}

// parcels makes values that Python can hold of proxies among arguments.
func parcels(m *PythonManager, args []any) pickle.Tuple {
	out := make(pickle.Tuple, len(args))
	for i, v := range args {
		if p, ok := v.(*PythonProxy); ok {
			v = p.parcel(m)
		}
		out[i] = v
	}
	return out
}

// A PythonProxy stands for an object in a manager of Python. Any number of
// goroutines may use it: each call that is under way has a connection of its own,
// which in Python is a thread. Locks and events do not mind; an RLock or a
// Condition belongs to one thread, and has to be used from Python.
// Python: multiprocessing.managers.BaseProxy.
type PythonProxy struct {
	m          *PythonManager
	typeid, id string
	exposed    pickle.Tuple
	once       sync.Once
}

// TypeID returns the name of the object's type, such as "dict".
func (p *PythonProxy) TypeID() string { return p.typeid }

// String names the type. Python: repr(proxy).
func (p *PythonProxy) String() string { return "<proxy of a Python object, typeid '" + p.typeid + "'>" }

// Call calls a method of the object and returns a copy of the result; a result that
// is another object of the manager is a *PythonProxy, as may be arguments. The
// method's exception is the error, as *pickle.Exception; a method that is not
// exposed is RemoteError, with Python's traceback as its text.
//
// Call waits with the GIL given up. A call that is given up because ctx has ended is
// carried out by the manager all the same, so what may block long (a Queue's get, a
// Lock's acquire) is better given Python's timeout: Call(ctx, "get", true, 0.5).
// Python: proxy._callmethod(name, args).
func (p *PythonProxy) Call(ctx context.Context, method string, args ...any) (any, error) {
	return p.CallWith(ctx, method, args, nil)
}

// CallWith is [PythonProxy.Call] with keyword arguments.
func (p *PythonProxy) CallWith(ctx context.Context, method string, args []any, kwargs map[string]any) (any, error) {
	named := new(pickle.Dict)
	for k, v := range kwargs {
		_ = named.Set(k, v) // a string is a key
	}
	c, err := p.m.borrow(ctx)
	if err != nil {
		return nil, err
	}
	v, err := p.m.dispatch(ctx, c, p.id, method, parcels(p.m, args), named)
	var raised *pickle.Exception
	if err == nil || errors.As(err, &raised) {
		p.m.give(c)
	} else {
		_ = c.Close() // an answer may be on its way that is nobody's
	}
	return v, err
}

// Value returns a copy of the object itself. Python: proxy._getvalue().
func (p *PythonProxy) Value(ctx context.Context) (any, error) { return p.Call(ctx, "#GETVALUE") }

// Close gives the proxy up: the manager drops an object that has none any more.
// Closing again does nothing.
func (p *PythonProxy) Close(ctx context.Context) (err error) {
	p.once.Do(func() { _, err = p.m.request(ctx, "decref", p.id) })
	return err
}

// borrow returns a connection on which methods can be called.
func (m *PythonManager) borrow(ctx context.Context) (*pipe.Conn, error) {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil, fmt.Errorf("process: the connection with the manager of Python: %w", ErrClosed)
	}
	if n := len(m.idle); n > 0 {
		c := m.idle[n-1]
		m.idle = m.idle[:n-1]
		m.mu.Unlock()
		return c, nil
	}
	m.mu.Unlock()
	c, err := pipe.Dial(ctx, m.network, m.address, m.opts...)
	if err != nil {
		return nil, err
	}
	if _, err := m.dispatch(ctx, c, nil, "accept_connection", pickle.Tuple{"Go"}, nil); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func (m *PythonManager) give(c *pipe.Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		_ = c.Close()
		return
	}
	m.idle = append(m.idle, c)
}

// parcel is the proxy as Python sends it.
func (p *PythonProxy) parcel(m *PythonManager) *pickle.Object {
	kind, kwargs := "AutoProxy", new(pickle.Dict)
	if known := proxyTypes[p.typeid]; known != "" {
		kind = known
	} else {
		_ = kwargs.Set("exposed", p.exposed)
	}
	managers := func(name string) pickle.Global { return pickle.Global{Module: managersModule, Name: name} }
	token := &pickle.Object{Class: managers("Token"), ByNew: true, State: pickle.Tuple{p.typeid, pythonAddress(m.network, m.address), p.id}}
	return &pickle.Object{Class: managers("RebuildProxy"), Args: pickle.Tuple{managers(kind), token, "pickle", kwargs}}
}

// proxyTypes are the classes of Python's proxies that have a name of their own.
var proxyTypes = map[string]string{
	"list": "ListProxy", "dict": "DictProxy", "Namespace": "NamespaceProxy", "Value": "ValueProxy",
	"Lock": "AcquirerProxy", "Event": "EventProxy",
}

// pythonAddress is an address as Python has it: a path, or a host and a port.
func pythonAddress(network, address string) any {
	if network != "unix" && network != "" {
		if host, port, err := net.SplitHostPort(address); err == nil {
			if n, err := strconv.Atoi(port); err == nil {
				return pickle.Tuple{host, n}
			}
		}
	}
	return address
}
