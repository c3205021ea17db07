package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pygil/pygil/gil/trace"
)

// write writes one run in the format that the file's name asks for. The first run
// of a story gets the name, the others a number in it: trace.json, trace-2.json.
func (f *tape) write(tl *trace.Timeline) error {
	if f.file == "" {
		return nil
	}
	f.runs++
	name, ext := f.file, filepath.Ext(f.file)
	if f.runs > 1 {
		name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), f.runs, ext)
	}
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(WriteAs(out, ext, tl), out.Close())
}

// WriteAs writes a timeline in the format that goes with a file name's extension: .svg,
// .txt, .jsonl, and for any other one what Perfetto and chrome://tracing open.
func WriteAs(w io.Writer, ext string, tl *trace.Timeline) error {
	switch ext {
	case ".svg":
		return tl.WriteSVG(w, trace.SVG{Width: 900})
	case ".txt":
		return tl.WriteText(w, trace.Text{})
	case ".jsonl":
		return tl.Trace.WriteJSONL(w)
	}
	return tl.WriteChrome(w, trace.Chrome{Locks: true})
}
