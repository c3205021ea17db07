package pickle

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
)

// typeOf is the type of a value in words, as the adapters for other encoders
// send it.
func typeOf(v any) (string, error) {
	if v == nil {
		return "nil", nil
	}
	w := currentWorld()
	p := w.plan(reflect.TypeOf(v))
	e := encoder{w: w}
	if err := e.describe(p); err != nil {
		return "", err
	}
	return typeText(p), nil
}

// newOf returns a pointer to a new variable of a type in words, and the zero
// Value for the type of nil. The variable must not be larger than what a message
// of n bytes may ask for.
func (c *config) newOf(text string, n int) (reflect.Value, error) {
	if text == "nil" {
		return reflect.Value{}, nil
	}
	p, rest, err := currentWorld().parseType(text, 0)
	if err != nil {
		return reflect.Value{}, err
	}
	if rest != "" {
		return reflect.Value{}, errors.New("what is " + strconv.Quote(rest) + " in a type?")
	}
	if p.size > c.room(n) {
		return reflect.Value{}, errors.New("a " + text + " takes more memory than such a message may ask for; WithMaxMemory raises the bound")
	}
	return reflect.New(p.typ), nil
}

// typeText is a type in words: as in Go, with registered names in the place of
// Go's. A name that could be taken for something else is quoted.
func typeText(p *plan) string {
	switch {
	case p.tag == tagAny:
		return "any"
	case p.tag == tagUnit:
		return "struct{}"
	case p.tag != 0 && p.tag < tagBytes:
		return p.typ.String()
	case p.name != "":
		if plainName(p.name) {
			return p.name
		}
		return strconv.Quote(p.name)
	}
	switch p.kind {
	case reflect.Pointer:
		return "*" + typeText(p.elem)
	case reflect.Slice:
		return "[]" + typeText(p.elem)
	case reflect.Array:
		return "[" + strconv.Itoa(p.len) + "]" + typeText(p.elem)
	case reflect.Map:
		return "map[" + typeText(p.key) + "]" + typeText(p.elem)
	}
	return p.typ.String()
}

func plainName(name string) bool {
	if _, basic := basicNames[name]; basic || name == "nil" {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return !wordRune(r) }) < 0
}

func wordRune(r rune) bool {
	return r == '.' || r == '/' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// basicNames are the words for types that need no registration.
var basicNames = func() map[string]byte {
	names := map[string]byte{"any": tagAny}
	for t, tag := range builtinTags {
		if tag < tagBytes && tag != tagAny {
			names[t.String()] = tag
		}
	}
	return names
}()

// parseType reads what typeText wrote at the start of a text and returns the rest.
func (w *world) parseType(text string, depth int) (p *plan, rest string, err error) {
	if depth > maxTypeDepth {
		return nil, "", errors.New("a type is made of too many others")
	}
	var how derivation
	switch {
	case strings.HasPrefix(text, `"`):
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return nil, "", err
		}
		name, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, "", err
		}
		p, err := w.lookUp(name)
		return p, text[len(quoted):], err
	case strings.HasPrefix(text, "struct{}"):
		return w.basic[tagUnit], text[len("struct{}"):], nil
	case strings.HasPrefix(text, "*"):
		how.tag, rest = tagPointer, text[1:]
	case strings.HasPrefix(text, "[]"):
		how.tag, rest = tagSlice, text[2:]
	case strings.HasPrefix(text, "["):
		n, after, ok := strings.Cut(text[1:], "]")
		if how.len, err = strconv.Atoi(n); err != nil || !ok || how.len < 0 {
			return nil, "", errors.New("what is " + strconv.Quote(text) + " in a type?")
		}
		how.tag, rest = tagArray, after
	case strings.HasPrefix(text, "map["):
		if how.key, rest, err = w.parseType(text[4:], depth+1); err != nil {
			return nil, "", err
		}
		if !strings.HasPrefix(rest, "]") {
			return nil, "", errors.New("what is " + strconv.Quote(rest) + " in a type?")
		}
		how.tag, rest = tagMap, rest[1:]
	default:
		end := strings.IndexFunc(text, func(r rune) bool { return !wordRune(r) })
		if end < 0 {
			end = len(text)
		}
		if tag, basic := basicNames[text[:end]]; basic {
			return w.basic[tag], text[end:], nil
		}
		p, err := w.lookUp(text[:end])
		return p, text[end:], err
	}
	if how.elem, rest, err = w.parseType(rest, depth+1); err != nil {
		return nil, "", err
	}
	p, reason := w.derive(how)
	if p == nil {
		return nil, "", errors.New(reason)
	}
	return p, rest, nil
}

func (w *world) lookUp(name string) (*plan, error) {
	if n := w.byName[name]; n != nil {
		return w.namedPlan(n), nil
	}
	if len(name) > maxName {
		name = name[:maxName]
	}
	return nil, errors.New("the type " + strconv.Quote(name) + " is not registered here; call pickle.Register in both programs")
}
