// Package trace records what happened in a run of package gil and shows it: as JSON
// lines, as a trace for Perfetto and chrome://tracing, as a self-contained SVG
// picture, as text, as a sequence diagram, as a table of steps, as a graph of who
// waits for whom, as metrics, as sentences, and as findings in plain words.
//
// # From a run to a picture
//
// A Recorder is a gil.Observer. Record makes one, a machine around it, and returns
// the Trace of the run:
//
//	tr, err := trace.Record(2, gil.CPython313, program)
//	tr.Timeline().WriteText(os.Stdout, trace.Text{Width: 80})
//
// In the live world, give the recorder to the world yourself, by gil.WithObserver,
// and WithRing if the program runs for long: the ring keeps the last events and, of
// the forgotten ones, those that say who the threads are and what they hold. What a
// Trace has in the time before Header.From is such a remainder; the Timeline begins
// there.
//
// # What a trace is
//
// A Trace is a header and the events of package gil in the order of their numbers.
// Traces of virtual runs are exact and depend on nothing but the program and the
// seed: so does everything that this package makes of them, byte for byte. In live
// traces times are those of the wall clock; a thread's event may be numbered after
// one that it caused elsewhere, but for those of the GIL.
//
// A Timeline divides the life of each thread into spans, each in one State. The
// sum of the spans is the life to the nanosecond, and what a machine itself counts,
// gil.Times and gil.Stats, is what Metrics adds up from the events. Where the
// states are not told, as in explored runs and in live runs without a GIL, they
// are derived from the other events; in an explored run the clock stands still, so
// that only the exporters which go by events show anything.
//
// # One legend
//
// All pictures of all profiles have the same legend, so that a run under 2.7 can be
// laid beside one under 3.13. The letters are those of text timelines:
//
//	#  run               computes on a core, with the GIL if there is one
//	C  C call keeping the GIL
//	c  C call            that has given the GIL up
//	r  wait core         could go on and has no core
//	.  wait GIL
//	L  wait lock
//	W  wait condition    or an event, or a semaphore
//	Q  wait queue
//	J  wait join         for a thread's start or end
//	~  io
//	z  sleep
//
// # Where to open it
//
// The files of WriteChrome are dragged into ui.perfetto.dev, which keeps them on
// your computer, or loaded by chrome://tracing, speedscope or the Firefox Profiler.
// A test opens them in the viewer of chrome://tracing, which Go ships for its own
// traces, where a Chromium is installed; there another looks at the pixels of an
// SVG. The diagrams of WriteMermaid are shown by whatever shows Mermaid in Markdown,
// the graphs of WriteDOT by Graphviz.
//
// # What it costs
//
// Without an observer the world emits nothing and allocates nothing for it. With a
// Recorder an event of a live program costs less than 200 ns on a computer of today
// that has nothing else to do and, once the ring is full, no allocation; see
// BenchmarkLive. Recorder.Values, which the sentences and tables are better with,
// costs what it takes to print a value.
//
// # Whose events
//
// Package gil emits those of threads, the GIL, cores, locks, variables. Packages
// above it emit their own by gil.Thread.Emit: a queue its puts and gets, a pool its
// tasks, a pipe its messages and the one that turns out to be broken. Check points and
// counts of references have no events of their own; gil.EventKind says why. An event of a kind that this version does not know is kept and not shown.
package trace
