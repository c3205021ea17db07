package process

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// What a child is told. It is this program again, started with descriptor 3 open:
// one end of a socket, its lifeline. Before it exists, its first message lies in
// that socket:
//
//	magic, version | token | hash of the registry | length of the record | record | argument
//
// The environment names the socket and repeats the token. Only where both agree
// is a process a child; a variable that somebody set, or a descriptor that
// happens to be open, makes none. Everything that is secret, the key above all,
// is in the record. An argument that may not fit into the socket is elsewhere,
// see place.
const (
	// marker is the variable: descriptor+handles:token, such as 3+2:00ff….
	marker = "PYGIL_CHILD"
	// lifelineFd is where a child finds its socket. Handles follow it.
	lifelineFd = 3
	magic      = "pygil-c"
	version    = 1 // of all this
	tokenSize  = 16
	headSize   = len(magic) + 1 + tokenSize + 8 + 4

	// sure is how long an argument may be to go with the first message: so much
	// surely fits into a new socket.
	sure = 32 << 10
	// maxArguments bounds a message to a child: not at all.
	maxArguments = math.MaxInt / 2
)

// A place is where the argument is.
type place int

const (
	behind place = iota // behind the record
	parked              // in memory, whose descriptor is the first of the handles
	apart               // in a message of its own, which follows
)

// A record is what a child has to know before it can do anything.
type record struct {
	Target     string
	Name       string
	Identity   []int
	Daemon     bool
	Bound      bool // ends with its parent
	Reply      bool // sends the result
	Place      place
	Aloof      bool // leaves signals alone
	Bind       bool // its own children end with it
	Profile    string
	ParentName string
	ParentPID  int
	Key        []byte
}

func init() { pickle.Register[record]("process.record") }

// newProcess makes a process that has not started.
func newProcess(ctx context.Context, t *target, encode func(dst []byte, opts ...pickle.Option) ([]byte, error), reply bool, opts []Option) (*Process, error) {
	cfg, err := configure(atProcess, opts)
	if err != nil {
		return nil, err
	}
	home := familyOf(ctx)
	here := home.current()
	p := &Process{target: t, encode: encode, reply: reply, program: cfg.program, done: make(chan struct{}), home: home}
	p.sentinel.p = p
	p.identity = append(slices.Clone(here.identity), home.count())
	p.name = defaultName(p.identity)
	if cfg.named {
		p.name = cfg.name
	}
	p.daemon = here.Daemon()
	if cfg.daemon != nil {
		p.daemon = *cfg.daemon
	}
	p.bound = p.daemon || home.bind
	p.aloof = cfg.aloof
	if cfg.bound != nil {
		p.bound = *cfg.bound
	}
	p.key = slices.Clone(here.AuthKey())
	return p, nil
}

// Start starts a process made by [Func.New]. It returns when the child exists,
// and does not wait for the child to do anything: an argument that is long
// travels meanwhile, and a child that dies before it has read it is a child with
// an exit code. The GIL is kept, as CPython keeps it while it forks.
//
// Errors, after which there is no child and p can be started again: an argument
// that cannot leave the process (a [*pickle.Error] that names the part); misuse; a
// [*RuntimeError] in a program that has not called [Main] or [TestMain]; the
// operating system's; errors.ErrUnsupported on Windows.
// Python: Process.start.
func (p *Process) Start(ctx context.Context) error {
	if err := over(ctx, "start"); err != nil {
		return err
	}
	if err := mayHaveChildren(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	err := p.usable()
	switch {
	case err != nil:
	case p.role != child, p.stage != initial:
		err = asserted("cannot start a process twice", "cannot start process %s twice: make another with New", p.name)
	case p.home != familyOf(ctx):
		err = asserted("can only start a process object created by current process", "process %s was made by another process: only that one can start it", p.name)
	default:
		p.stage = starting
	}
	p.mu.Unlock()
	if err != nil {
		return err
	}
	launch := p.launch
	if t := virtual(ctx); t != nil {
		launch = func(context.Context) error { return p.emulate(t) }
	}
	if err := launch(ctx); err != nil {
		p.mu.Lock()
		p.stage = initial
		p.mu.Unlock()
		return err
	}
	return nil
}

// mayHaveChildren says why this process cannot start one.
func mayHaveChildren(ctx context.Context) error {
	home := familyOf(ctx)
	here := home.current()
	switch {
	case here.Daemon():
		return asserted("daemonic processes are not allowed to have children",
			"daemonic processes are not allowed to have children: %s is a daemon", here.Name())
	case home != family:
	case stray:
		return &RuntimeError{text: marker + " was set, and this process is no child: it starts none; run the program without that variable"}
	case !family.entered.Load():
		return &RuntimeError{text: howToEnter, python: bootstrapping}
	case family.leaving.Load():
		return &RuntimeError{text: "this process was interrupted and is ending: it starts no more children"}
	}
	return nil
}

// howToEnter is what a program has to contain.
const howToEnter = `cannot start a process before Main was called: a child is this program again and has to find its way. Write

	func main() { process.Main(run) }

	func run(t *gil.Thread) error { … what main did … }

and in a package whose tests start processes

	func TestMain(m *testing.M) { process.TestMain(m) }`

const bootstrapping = `
        An attempt has been made to start a new process before the
        current process has finished its bootstrapping phase.`

// launch makes the child. The stage is starting.
func (p *Process) launch(ctx context.Context) (err error) {
	l := &luggage{ctx: ctx}
	sent := false
	defer func() { l.done(sent) }()
	argument, err := p.encode(nil, l.options()...)
	if err != nil {
		return err
	}
	handles, err := l.files()
	if err != nil {
		return err
	}
	where := behind
	if len(argument) > sure {
		where = apart
		if memory := park(argument); memory != nil {
			defer memory.Close()
			where, handles = parked, append([]*os.File{memory}, handles...)
		}
	}
	first, token, err := p.first(argument, where)
	if err != nil {
		return err
	}
	mine, theirs, err := pipe.New(ctx, pipe.WithMaxMessage(maxArguments))
	if err != nil {
		return fmt.Errorf("process: start: %w", err)
	}
	defer theirs.Close()
	if err := mine.TrySendBytes(context.Background(), first); err != nil {
		_ = mine.Close()
		return fmt.Errorf("process: start: %w", err)
	}
	pid, body, err := spawn(p.program, environment(len(handles), token), theirs, handles)
	if err != nil {
		_ = mine.Close()
		if !errors.Is(err, errors.ErrUnsupported) {
			err = fmt.Errorf("process: start %s: %w", p.Name(), err)
		}
		return err
	}
	sent = true
	noteUse(p.target.name)
	p.mu.Lock()
	p.pid, p.body, p.conn, p.stage, p.encode = pid, body, mine, started, nil
	p.mu.Unlock()
	family.add(p)
	if where == apart {
		// Its error is that nobody is there to read: the exit code says why.
		go func() { _ = mine.SendBytes(context.Background(), argument) }()
	}
	go p.reap()
	return nil
}

// first makes the message that lies in the socket before there is a child.
func (p *Process) first(argument []byte, where place) (message []byte, token string, err error) {
	here := current()
	p.mu.Lock()
	r := record{
		Target: p.target.name, Name: p.name, Identity: p.identity, Daemon: p.daemon, Bound: p.bound, Reply: p.reply,
		Place: where, Aloof: family.aloof || p.aloof, Bind: family.bind, Profile: family.profile,
		ParentName: here.Name(), ParentPID: os.Getpid(), Key: p.authKey(),
	}
	p.mu.Unlock()
	message = append(append(make([]byte, 0, 1024), magic...), version)
	message = append(message, make([]byte, tokenSize)...)
	secret := message[len(magic)+1:]
	_, _ = rand.Read(secret) // it never fails
	token = hex.EncodeToString(secret)
	message = binary.BigEndian.AppendUint64(message, fingerprint())
	message = append(message, 0, 0, 0, 0)
	message, err = pickle.Append(message, r)
	if err != nil {
		return nil, "", err
	}
	binary.BigEndian.PutUint32(message[headSize-4:], uint32(len(message)-headSize))
	if where == behind {
		message = append(message, argument...)
	}
	return message, token, nil
}

// environment is this process's, as it is now, with the mark of a child.
func environment(handles int, token string) []string {
	mark := fmt.Sprintf("%s=%d+%d:%s", marker, lifelineFd, handles, token)
	return append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, marker+"=") }), mark)
}

// parseMark takes the variable apart.
func parseMark(s string) (handles int, token []byte, ok bool) {
	number, ok := strings.CutPrefix(s, strconv.Itoa(lifelineFd)+"+")
	if !ok {
		return 0, nil, false
	}
	number, text, ok := strings.Cut(number, ":")
	if !ok {
		return 0, nil, false
	}
	handles, err := strconv.Atoi(number)
	if err != nil || handles < 0 || handles > 1<<20 {
		return 0, nil, false
	}
	token, err = hex.DecodeString(text)
	return handles, token, err == nil && len(token) == tokenSize
}

// A body is a child as the operating system knows it.
type body interface {
	// wait returns when the process has ended, with its code. It is called once.
	wait() (code int)
	// signal does nothing when the process has been waited for.
	signal(sig syscall.Signal) error
}

// reap waits for the child's end, alone, and tells everybody.
func (p *Process) reap() {
	code := p.body.wait()
	if !p.reply {
		_ = p.conn.Close() // an argument that was not read is lost with its reader
	}
	p.ending(code)
}

// ending tells everybody that the process has ended.
func (p *Process) ending(code int) {
	p.mu.Lock()
	p.code = code
	p.mu.Unlock()
	p.home.remove(p)
	close(p.done)
	p.sentinel.rise()
}
