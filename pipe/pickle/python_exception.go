package pickle

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

// An Exception is an exception of Python as a value: what it was raised with, and
// not its traceback, which pickle leaves behind. It is an error: errors.Is finds
// io.EOF in an EOFError, fs.ErrNotExist in a FileNotFoundError, fs.ErrExist,
// fs.ErrPermission, and os.ErrDeadlineExceeded in a TimeoutError.
type Exception struct {
	// Class is the exception's, such as {"builtins", "ValueError"}.
	Class Global
	// Args are the arguments with which it was made. Python: exc.args.
	Args Tuple
	// State holds further attributes, its notes among them, or is nil.
	// Python: exc.__dict__.
	State any
	// Traceback is the text that multiprocessing.Pool and concurrent.futures send
	// along, or "".
	Traceback string
}

// NewException returns an exception of Python's own, NewException("ValueError",
// "no such luck"), or of a module, NewException("queue.Empty").
func NewException(class string, args ...any) *Exception {
	g := Global{"builtins", class}
	if i := strings.LastIndexByte(class, '.'); i > 0 {
		g = Global{class[:i], class[i+1:]}
	}
	return &Exception{Class: g, Args: append(Tuple{}, args...)}
}

// Error returns what ends a traceback of Python, "ValueError: no such luck".
func (e *Exception) Error() string {
	name := e.Class.Name
	if e.Class.Module != "builtins" && e.Class.Module != "" {
		name = e.Class.String()
	}
	if text := e.PythonText(); text != "" {
		return name + ": " + text
	}
	return name
}

// String returns Python's repr of the exception.
func (e *Exception) String() string { return Repr(e) }

// PythonText returns what str(exc) does.
func (e *Exception) PythonText() string {
	switch {
	case len(e.Args) == 0:
		return ""
	case len(e.Args) == 2 && e.isOSError():
		return "[Errno " + Repr(e.Args[0]) + "] " + text(e.Args[1])
	case len(e.Args) == 3 && e.isOSError():
		return "[Errno " + Repr(e.Args[0]) + "] " + text(e.Args[1]) + ": " + Repr(e.Args[2])
	case len(e.Args) > 1:
		return Repr(e.Args)
	case e.Class == Global{"builtins", "KeyError"}:
		return Repr(e.Args[0])
	}
	return text(e.Args[0])
}

// text is Python's str.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return Repr(v)
}

func (e *Exception) isOSError() bool {
	return e.Class.Module == "builtins" && osErrors[e.Class.Name]
}

// Is reports whether target is the error of Go that means the same.
func (e *Exception) Is(target error) bool {
	if e.Class.Module != "builtins" {
		return false
	}
	for _, twin := range exceptionTwins {
		if twin.err == target && twin.class == e.Class.Name {
			return true
		}
	}
	return false
}

// exceptionTwins are the errors that mean the same in Go and in Python.
var exceptionTwins = []struct {
	err   error
	class string
}{
	{io.EOF, "EOFError"},
	{fs.ErrNotExist, "FileNotFoundError"},
	{fs.ErrExist, "FileExistsError"},
	{fs.ErrPermission, "PermissionError"},
	{os.ErrDeadlineExceeded, "TimeoutError"},
	{context.DeadlineExceeded, "TimeoutError"},
}

// ExceptionOf returns the exception that tells Python of an error: the one in its
// chain when there is one; EOFError, FileNotFoundError, FileExistsError,
// PermissionError or TimeoutError for the errors that mean that; and otherwise a
// RuntimeError with the error's text. It returns nil for nil.
func ExceptionOf(err error) *Exception {
	if err == nil {
		return nil
	}
	var e *Exception
	if errors.As(err, &e) {
		return e
	}
	for _, twin := range exceptionTwins {
		if errors.Is(err, twin.err) {
			return NewException(twin.class, err.Error())
		}
	}
	return NewException("RuntimeError", err.Error())
}

var osErrors = words(`OSError IOError EnvironmentError BlockingIOError ChildProcessError ConnectionError
	BrokenPipeError ConnectionAbortedError ConnectionRefusedError ConnectionResetError FileExistsError
	FileNotFoundError InterruptedError IsADirectoryError NotADirectoryError PermissionError
	ProcessLookupError TimeoutError`)

// exceptions are the exceptions of Python itself that are known as such, by module.
var exceptions = map[string]map[string]bool{
	"builtins": words(`BaseException BaseExceptionGroup ExceptionGroup GeneratorExit KeyboardInterrupt SystemExit
		Exception ArithmeticError FloatingPointError OverflowError ZeroDivisionError AssertionError
		AttributeError BufferError EOFError ImportError ModuleNotFoundError LookupError IndexError KeyError
		MemoryError NameError UnboundLocalError
		OSError IOError EnvironmentError BlockingIOError ChildProcessError ConnectionError
		BrokenPipeError ConnectionAbortedError ConnectionRefusedError ConnectionResetError FileExistsError
		FileNotFoundError InterruptedError IsADirectoryError NotADirectoryError PermissionError
		ProcessLookupError TimeoutError
		ReferenceError RuntimeError NotImplementedError PythonFinalizationError RecursionError
		StopAsyncIteration StopIteration SyntaxError IndentationError TabError SystemError TypeError
		ValueError UnicodeError UnicodeDecodeError UnicodeEncodeError UnicodeTranslateError
		Warning BytesWarning DeprecationWarning EncodingWarning FutureWarning ImportWarning
		PendingDeprecationWarning ResourceWarning RuntimeWarning SyntaxWarning UnicodeWarning UserWarning
		StandardError WindowsError`),
	"queue":                          words("Empty Full ShutDown"),
	"_queue":                         words("Empty"),
	"threading":                      words("BrokenBarrierError ThreadError"),
	"multiprocessing":                words("ProcessError BufferTooShort AuthenticationError TimeoutError"),
	"multiprocessing.context":        words("ProcessError BufferTooShort AuthenticationError TimeoutError"),
	"multiprocessing.managers":       words("RemoteError"),
	"multiprocessing.pool":           words("MaybeEncodingError"),
	"concurrent.futures":             words("CancelledError TimeoutError"),
	"concurrent.futures._base":       words("Error CancelledError TimeoutError InvalidStateError BrokenExecutor"),
	"concurrent.futures.process":     words("BrokenProcessPool"),
	"concurrent.futures.thread":      words("BrokenThreadPool"),
	"asyncio.exceptions":             words("CancelledError TimeoutError InvalidStateError IncompleteReadError LimitOverrunError"),
	"pickle":                         words("PickleError PicklingError UnpicklingError"),
	"_pickle":                        words("PickleError PicklingError UnpicklingError"),
	"json.decoder":                   words("JSONDecodeError"),
	"subprocess":                     words("SubprocessError CalledProcessError TimeoutExpired"),
	"struct":                         words("error"),
	"zlib":                           words("error"),
	"decimal":                        words("InvalidOperation DivisionByZero Overflow"),
	"socket":                         words("timeout gaierror herror"),
	"ssl":                            words("SSLError"),
	"sqlite3":                        words("Error OperationalError IntegrityError ProgrammingError"),
	"concurrent.futures.interpreter": words("BrokenInterpreterPool"),
}

func words(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// isException reports whether a class is known to be an exception.
func isException(c *config, g Global) bool {
	return exceptions[g.Module][g.Name] || len(c.raised) > 0 && listed(c.raised, g)
}
