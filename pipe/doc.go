// Package pipe sends whole messages between threads, processes and machines:
// Python's multiprocessing.Pipe and multiprocessing.connection.
//
//	a, b, err := pipe.New(ctx)
//	err = a.Send(ctx, []any{42, nil, "hello"})
//	v, err := b.Recv(ctx) // []any{42, nil, "hello"}
//
// A message is a Go value, which package pickle encodes, or a byte slice. It is
// received whole or not at all: messages are never merged, split or mixed,
// whoever sends and receives at the same time.
//
// # Connections
//
// A [Conn] is one end. [New] makes two that both send and receive, [OneWay] a
// receiving and a sending one. [Listen] and [Dial] connect processes that have
// no common ancestor, over unix-domain sockets or tcp, and authenticate both
// sides when they have a key. [FromFd] and [FromConn] make a Conn of what
// something else opened.
//
// An end is closed once per copy. A Conn that travelled to another process, in a
// message or as an argument, exists in both; the other end sees the end of the
// file when every copy is closed. Whoever hands an end over closes his own.
//
// # Waiting
//
// What may wait takes a context first and comes in three spellings: Recv waits as
// long as the context allows, RecvTimeout at most as long as it says, TryRecv
// not at all. The end of the context, and Close, end every wait. A thread of
// package gil is a context; its GIL is given up while it waits, and only then: a
// call that need not wait keeps it.
//
// An error that matches [ErrTimeout] matches context.DeadlineExceeded too; it is
// the answer to a time limit and to a deadline of the context. A cancelled
// context is answered with an error that matches context.Canceled.
//
// Giving up loses nothing. Receiving that was given up in the middle of a message
// goes on there with the next call. Sending that was given up has sent nothing,
// unless the error is a [*PartialSendError]: what was begun is then completed in
// the background, before any later message, as the other end reads.
//
// [Wait] waits for several connections, listeners and sentinels of processes at
// once. A [Waiter] does so again and again, in time that does not grow with the
// items that are not ready.
//
// # The end of a stream
//
// When the other end is closed, or its process dead, what it had sent can still
// be received; after that every receiving call returns io.EOF, and Poll says
// true. If it ended inside a message there is first one [*CutError], which says
// how much of the message came. If it ended without reading all that was sent to
// it, the end is an error that matches io.EOF and syscall.ECONNRESET. Sending to
// it is [ErrBrokenPipe], and the Conn stays open.
//
// # What travels
//
// [Conn.Send] takes any value that package pickle takes. Over a connection that
// is a unix-domain socket (New, Listen and Dial with "unix") live objects travel
// too: a Conn, or anything registered with pickle.RegisterHandle, takes its file
// descriptor with it in the same message.
//
// # Trust
//
// Nothing that arrives is run, and no length is believed: memory for a message
// grows with the bytes that come, and a header that claims more than
// [WithMaxMessage] is an error at once. With [WithAuthKey] nothing at all is
// decoded before the other side has proved that it has the key. Keys protect
// from strangers, not from readers: what is sent is not encrypted. Use
// FromConn over TLS for that.
//
// # Python on the other side
//
// Framing and handshake are CPython's byte for byte, so that SendBytes,
// RecvBytes, Listen and Dial work with a Python process, of 2.7 and of 3.6 and
// later. Both handshakes are spoken: HMAC-SHA256 with Python from 3.12 on, and
// HMAC-MD5 with older ones if [WithLegacyAuth] allows it. With
// WithCodec(pickle.Python) values travel too: what conn.send takes in Python
// arrives here, and the other way round. A Python process inherits an end as
// process.Python passes it; a Go process that a Python starts makes its end with
// [FromFd] and the number that it was given.
//
// # Several processes at one end
//
// Processes may share a sending end: on a OneWay connection, messages that fit
// into an atomic write are whole (4092 bytes on Linux, 508 on macOS); others may
// be mixed with another process's, and need a lock of package process. They may
// share a receiving end if they take turns under such a lock; a Conn that was
// sent, or whose [Conn.Fd] was asked for, takes no more from the descriptor than
// its message.
//
// # Virtual worlds
//
// On a thread of a gil.Machine, or of a program that is explored, [New] and
// [OneWay] make an emulated pipe: 64 KiB each way, with everything above at the
// machine's clock. Sending and receiving take no time; who waits gives the GIL up
// and is woken as at any gate. Values are copied by the codec all the same. Every
// call is given a thread as its context, or what gil.WithCancel and
// gil.WithTimeout make of one: a real deadline means nothing there.
//
// An explorer sees a send that need not wait as one operation, and so a receive, a
// close as one for each direction. A thread that waits is not enabled.
//
// A Conn belongs to the emulated process whose thread made or received it; from
// another one, and from another run, it answers with a *gil.RuntimeError. It is
// sent like any Conn. When a process ends all it had open is closed, and a message
// that one of its daemon threads was sending is cut.
//
// [WithTornWrites] takes the turns of the writers away, to show what Python does
// without a lock.
//
// A Conn of the live world works on a virtual thread too, as any real call does:
// no time passes, and while it waits nothing else in that world happens.
//
// # Where this is not CPython
//
//   - Writers on one end take turns. CPython's messages mix.
//   - A wait ends with its context, and with Close on another thread. CPython's
//     do not end.
//   - A peer that is silent or has no key never holds up [Listener.Accept], and a
//     bad one is never its error; see [WithRejected].
//   - A length below -1 is an error. CPython takes it for an empty message and
//     loses its place.
//   - An end of file between header and body is a CutError. CPython says EOFError
//     as if nothing had been lost.
//   - Waiting for nothing without a time limit is an error, not for ever.
//   - Connections are accepted and authenticated before somebody calls Accept, up
//     to [WithBacklog] of them, and wait there.
//
// # Platforms
//
// Linux and macOS have everything. Elsewhere, FromFd, sending handles and waiting
// for descriptors that are not Conns return errors that match
// errors.ErrUnsupported; New and OneWay are made of unix-domain sockets there.
package pipe
