package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// A PythonServer holds dicts, lists, namespaces, values, queues, locks and events
// in this program for Python processes, which use it as any SyncManager that runs
// elsewhere:
//
//	from multiprocessing.managers import SyncManager
//	m = SyncManager(address, authkey)
//	m.connect()
//	d = m.dict()
//
// Objects that [PythonServer.Share] made have names, by which all get the same
// object; Python registers the name:
//
//	SyncManager.register("jobs")
//	jobs = m.jobs()
//
// The methods are those of Python's types, and are atomic. A Go program uses the
// objects by [ConnectPython], this one too. An object lives until its last proxy is
// gone; one that was put into another, or that has a name, lives as long as the
// server. Nothing that Python sends is imported or run here.
//
// When a process dies that was waiting in a Queue's get or a Lock's acquire, what it
// would have got goes to the next one. A lock that a process held when it died stays
// held, as in Python; any other may release it.
//
// Python: BaseManager.get_server().
type PythonServer struct {
	l      *pipe.Listener
	ctx    context.Context // ends with Close
	stop   context.CancelFunc
	guests sync.WaitGroup

	mu     sync.Mutex
	things map[string]*thing
	shared map[string]string // names, to ids
	last   uint64
	conns  map[*pipe.Conn]bool
}

// A thing is an object of a PythonServer.
type thing struct {
	id, typeid string
	v          pythonObject
	refs       int // proxies, and places that keep it; guarded by the server
}

// ServePython starts a server at an address, as for pipe.Listen: "unix" and a path,
// or nothing for a fresh one; "tcp" and host:port. It serves in the background until
// Close. Options are those of pipe.Listen, such as pipe.WithLegacyAuth for Pythons
// up to 3.11. Python: SyncManager(address, authkey).get_server().serve_forever().
func ServePython(ctx context.Context, network, address string, authkey []byte, opts ...pipe.Option) (*PythonServer, error) {
	l, err := pipe.Listen(ctx, network, address, managerOptions(authkey, opts)...)
	if err != nil {
		return nil, err
	}
	s := &PythonServer{l: l, things: map[string]*thing{}, shared: map[string]string{}, conns: map[*pipe.Conn]bool{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.guests.Go(s.accept)
	return s, nil
}

// Addr returns the address, with the port filled in. Python: server.address.
func (s *PythonServer) Addr() net.Addr { return s.l.Addr() }

// Share makes an object of a type, with a name by which clients get that object:
// Share("jobs", "Queue", 10). It is an error when the name is taken or is a type's.
// Python: register(name, callable=lambda: queue.Queue(10)).
func (s *PythonServer) Share(name, typeid string, args ...any) error {
	v, err := newPythonObject(typeid, args, new(pickle.Dict))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.shared[name]; taken || pythonTypes[name] != nil {
		return invalid("", "Share(%q): the name is taken", name)
	}
	s.shared[name] = s.add(typeid, v).id
	return nil
}

// NumberOfObjects returns how many objects the server holds.
func (s *PythonServer) NumberOfObjects() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.things)
}

// Close ends all connections, and returns when nobody is served any more. Closing
// again does nothing.
func (s *PythonServer) Close() error {
	s.stop()
	err := s.l.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.guests.Wait()
	return err
}

// retry is how long the server waits when no connection could be accepted.
const retry = 50 * time.Millisecond

func (s *PythonServer) accept() {
	for {
		c, err := s.l.Accept(s.ctx)
		switch {
		case errors.Is(err, pipe.ErrListenerClosed) || s.ctx.Err() != nil:
			if c != nil {
				_ = c.Close()
			}
			return
		case err != nil:
			// Too many open files, most likely. Python's accepter goes on at once.
			select {
			case <-time.After(retry):
			case <-s.ctx.Done():
			}
			continue
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		s.guests.Go(func() {
			s.admit(c)
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// A pythonCall is a request of Python.
type pythonCall struct {
	id     string
	method string
	args   pickle.Tuple
	kwargs *pickle.Dict
}

func (s *PythonServer) receive(c *pipe.Conn) (r pythonCall, err error) {
	v, err := c.Recv(s.ctx)
	if err != nil {
		return r, err
	}
	parts, _ := v.(pickle.Tuple)
	ok := len(parts) == 4
	if ok {
		r.id, _ = parts[0].(string)
		r.method, ok = parts[1].(string)
	}
	if ok {
		if l, list := parts[2].(*pickle.List); list {
			parts[2] = pickle.Tuple(l.Items)
		}
		r.args, ok = parts[2].(pickle.Tuple)
	}
	if ok {
		r.kwargs, ok = parts[3].(*pickle.Dict)
	}
	if !ok {
		return r, pickle.NewException("ValueError", "not a request: "+pickle.Repr(v))
	}
	return r, nil
}

func (s *PythonServer) answer(c *pipe.Conn, kind string, v any) error {
	return c.Send(s.ctx, pickle.Tuple{kind, v})
}

// traceback is what Python says of what is no exception of a method.
func (s *PythonServer) traceback(c *pipe.Conn, err error) error {
	return s.answer(c, "#TRACEBACK", "Traceback (most recent call last):\n"+err.Error()+"\n")
}

// admit does the first request of a connection.
func (s *PythonServer) admit(c *pipe.Conn) {
	r, err := s.receive(c)
	var v any
	if err == nil {
		switch r.method {
		case "accept_connection":
			if s.answer(c, "#RETURN", nil) == nil {
				s.serve(c)
			}
			return
		default:
			v, err = s.manage(r)
		}
	}
	if err != nil {
		_ = s.traceback(c, err)
		return
	}
	_ = s.answer(c, "#RETURN", v)
}

// manage does what is not a method of an object.
func (s *PythonServer) manage(r pythonCall) (any, error) {
	arg := func(i int) string {
		if i < len(r.args) {
			text, _ := r.args[i].(string)
			return text
		}
		return ""
	}
	switch r.method {
	case "dummy":
		return nil, nil
	case "create":
		return s.create(arg(0), r)
	case "incref", "decref":
		return nil, s.refer(arg(0), map[string]int{"incref": 1, "decref": -1}[r.method])
	case "number_of_objects":
		return s.NumberOfObjects(), nil
	case "get_methods":
		if len(r.args) == 1 {
			if token, ok := r.args[0].(*pickle.Object); ok {
				if _, id, ok := tokenOf(token); ok {
					if t := s.find(id); t != nil {
						return exposed(t.v), nil
					}
				}
			}
		}
		return nil, pickle.NewException("KeyError", arg(0))
	case "debug_info":
		return s.debug(), nil
	case "shutdown":
		return nil, pickle.NewException("PermissionError", "this server ends with its program")
	}
	return nil, pickle.NewException("AssertionError", pickle.Repr(r.method)+" unrecognized")
}

func (s *PythonServer) debug() (text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range s.things {
		text += fmt.Sprintf("  %s:       refcount=%d\n    %s\n", id, t.refs, t.typeid)
	}
	return text
}

// create makes an object, or finds the one of that name.
func (s *PythonServer) create(typeid string, r pythonCall) (any, error) {
	s.mu.Lock()
	id, shared := s.shared[typeid]
	if shared {
		t := s.things[id]
		t.refs++
		s.mu.Unlock()
		return pickle.Tuple{t.id, exposed(t.v)}, nil
	}
	s.mu.Unlock()
	if len(r.args) == 0 {
		return nil, typeError("create() missing 1 required positional argument: 'typeid'")
	}
	s.pin(r.args)
	v, err := newPythonObject(typeid, r.args[1:], r.kwargs)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return pickle.Tuple{s.add(typeid, v).id, exposed(v)}, nil
}

// add is called with the lock held.
func (s *PythonServer) add(typeid string, v pythonObject) *thing {
	s.last++
	t := &thing{id: strconv.FormatUint(s.last, 16), typeid: typeid, v: v, refs: 1}
	s.things[t.id] = t
	return t
}

func (s *PythonServer) find(id string) *thing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.things[id]
}

func (s *PythonServer) refer(id string, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.things[id]
	if t == nil {
		return pickle.NewException("KeyError", id)
	}
	if t.refs += n; t.refs == 0 {
		delete(s.things, id)
	}
	return nil
}

// pinDepth is how deep proxies are looked for in what is stored.
const pinDepth = 100

// pin keeps the objects whose proxies are stored in another for ever: the value is
// only data here, and nobody learns when the last copy of it is gone.
func (s *PythonServer) pin(v any) { s.pinned(v, 0) }

func (s *PythonServer) pinned(v any, deep int) {
	if deep > pinDepth {
		return
	}
	switch v := v.(type) {
	case *pickle.Object:
		if _, id, _, ok := proxyOf(v); ok {
			_ = s.refer(id, 1) // another manager's is none of ours
		}
	case pickle.Tuple:
		for _, x := range v {
			s.pinned(x, deep+1)
		}
	case *pickle.List:
		for _, x := range v.Items {
			s.pinned(x, deep+1)
		}
	case *pickle.Dict:
		for _, x := range v.All() {
			s.pinned(x, deep+1)
		}
	}
}

// serve answers the calls of one thread of Python until it has gone.
func (s *PythonServer) serve(c *pipe.Conn) {
	for {
		r, err := s.receive(c)
		var bad *pickle.Error
		var raised *pickle.Exception
		switch {
		case errors.As(err, &bad), errors.As(err, &raised):
			err = s.traceback(c, err)
		case err == nil:
			err = s.call(c, r)
		}
		if err != nil {
			return
		}
	}
}

// show is an object's repr.
func show(v pythonObject) string {
	if v, ok := v.(shown); ok {
		return v.repr()
	}
	return pickle.Repr(v.(valued).value())
}

// call does a method and answers. The error is the connection's.
func (s *PythonServer) call(c *pipe.Conn, r pythonCall) error {
	t := s.find(r.id)
	if t == nil {
		return s.traceback(c, pickle.NewException("KeyError", r.id))
	}
	switch r.method {
	case "__str__", "__repr__":
		return s.answer(c, "#RETURN", show(t.v))
	case "#GETVALUE":
		if v, ok := t.v.(valued); ok {
			return s.answer(c, "#RETURN", v.value())
		}
		return s.answer(c, "#UNSERIALIZABLE", "cannot pickle '"+t.typeid+"' object")
	}
	fn := t.v.methods()[r.method]
	if fn == nil {
		return s.traceback(c, pickle.NewException("AttributeError", fmt.Sprintf("method %s of a %s is not exposed", pickle.Repr(r.method), t.typeid)))
	}
	s.pin(r.args)
	v, err := invoke(s.ctx, fn, r)
	if err != nil {
		return s.answer(c, "#ERROR", pickle.ExceptionOf(err))
	}
	if keys, ok := v.(*iteration); ok {
		s.mu.Lock()
		it := s.add("Iterator", keys)
		s.mu.Unlock()
		addr := s.Addr()
		token := &pickle.Object{Class: pickle.Global{Module: managersModule, Name: "Token"}, ByNew: true, State: pickle.Tuple{it.typeid, pythonAddress(addr.Network(), addr.String()), it.id}}
		return s.answer(c, "#PROXY", pickle.Tuple{exposed(keys), token})
	}
	err = s.answer(c, "#RETURN", v)
	if taker, ok := t.v.(undoer); ok && err != nil {
		taker.undo(r.method, v)
	}
	var bad *pickle.Error
	if errors.As(err, &bad) {
		err = s.answer(c, "#UNSERIALIZABLE", bad.Error())
	}
	return err
}
