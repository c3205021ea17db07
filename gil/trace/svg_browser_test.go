package trace_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/trace"
)

// TestSVGInABrowser looks at a picture as people do: a real browser draws it, light
// and dark, and the pixels of every span have its state's colour.
func TestSVGInABrowser(t *testing.T) {
	chromium := findChromium(t)
	tr := runs[3].trace(t)
	file := svg(t, trace.SVG{NoLinks: true}, tr)
	p := parsePicture(t, file)
	for _, dark := range []bool{false, true} {
		shot := screenshot(t, chromium, file, p.width, p.height, dark)
		fill := p.light
		if dark {
			fill = p.dark
		}
		require.Equal(t, image.Rect(0, 0, p.width, p.height), shot.Bounds())
		require.Equal(t, fill["paper"], at(shot, 2, 2), "dark %v: the paper", dark)
		seen := map[string]int{}
		for _, r := range p.rects {
			if r.w < 8 || r.h < 8 || r.class == "paper" {
				continue
			}
			want, patterned := fill[r.class+"-c"], true
			if want == (color.RGBA{}) {
				want, patterned = fill[r.class], false
			}
			require.NotZero(t, want, "the style has no colour for %s", r.class)
			count, most := map[color.RGBA]int{}, color.RGBA{}
			for x := int(r.x) + 1; x < int(r.x+r.w)-1; x++ {
				for y := int(r.y) + 3; y < int(r.y+r.h)-1; y++ { // marks reach into the top
					c := at(shot, x, y)
					if count[c]++; count[c] > count[most] {
						most = c
					}
				}
			}
			require.Equal(t, want, most, "dark %v: %s at %.1f, %.1f", dark, r.class, r.x, r.y)
			if patterned {
				require.Greater(t, len(count), 1, "dark %v: %s at %.1f, %.1f has no pattern", dark, r.class, r.x, r.y)
			} else {
				require.Len(t, count, 1, "dark %v: %s at %.1f, %.1f", dark, r.class, r.x, r.y)
			}
			seen[r.class]++
		}
		for _, class := range []string{"run", "gil", "queue", "io", "sleep", "join", "ccall", "h0", "h1"} {
			require.Positive(t, seen[class], "no %s in the picture", class)
		}
	}
}

func at(m image.Image, x, y int) color.RGBA { return color.RGBAModel.Convert(m.At(x, y)).(color.RGBA) }

// screenshot has a browser draw a picture.
func screenshot(t *testing.T, chromium string, svg []byte, width, height int, dark bool) image.Image {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "picture.svg"), svg, 0o644))
	out := filepath.Join(dir, "shot.png")
	// Its preferred scheme is 0 for dark, 1 for light.
	scheme := 1
	if dark {
		scheme = 0
	}
	browse(t, chromium, fmt.Sprintf("--blink-settings=preferredColorScheme=%d", scheme), fmt.Sprintf("--window-size=%d,%d", width, height),
		"--screenshot="+out, "file://"+filepath.Join(dir, "picture.svg"))
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	m, err := png.Decode(bytes.NewReader(b))
	require.NoError(t, err)
	return m
}

// picture is what an SVG file says is in it.
type picture struct {
	width, height int
	rects         []drawn
	light, dark   map[string]color.RGBA
}

type drawn struct {
	class      string
	x, y, w, h float64
}

func parsePicture(t *testing.T, svg []byte) picture {
	t.Helper()
	var p picture
	d := xml.NewDecoder(bytes.NewReader(svg))
	var dx, dy float64
	depth, inDefs := 0, false
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return p
		}
		require.NoError(t, err)
		switch e := tok.(type) {
		case xml.CharData:
			if css := string(e); strings.Contains(css, "@media") {
				light, dark, _ := strings.Cut(css, "@media")
				p.light, p.dark = fills(light), fills(dark)
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "defs":
				inDefs = false
			case "g":
				if depth--; depth == 0 {
					dx, dy = 0, 0
				}
			}
		case xml.StartElement:
			attr := map[string]string{}
			for _, a := range e.Attr {
				attr[a.Name.Local] = a.Value
			}
			n := func(key string) float64 {
				f, _ := strconv.ParseFloat(attr[key], 64)
				return f
			}
			switch e.Name.Local {
			case "svg":
				p.width, p.height = int(n("width")), int(n("height"))
			case "defs":
				inDefs = true
			case "g":
				if depth++; attr["transform"] != "" {
					_, err := fmt.Sscanf(attr["transform"], "translate(%f %f)", &dx, &dy)
					require.NoError(t, err)
				}
			case "rect":
				if !inDefs {
					p.rects = append(p.rects, drawn{attr["class"], n("x") + dx, n("y") + dy, n("width"), n("height")})
				}
			}
		}
	}
}

// fills are the colours of the classes of a style.
func fills(css string) map[string]color.RGBA {
	out := map[string]color.RGBA{}
	for _, m := range regexp.MustCompile(`\.([a-z0-9-]+)\{fill:#([0-9a-f]{3,6})\}`).FindAllStringSubmatch(css, -1) {
		hex := m[2]
		if len(hex) == 3 {
			hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
		}
		v, _ := strconv.ParseUint(hex, 16, 32)
		out[m[1]] = color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}
	}
	return out
}
