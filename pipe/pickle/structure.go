package pickle

import (
	"hash/fnv"
	"io"
	"reflect"
	"strconv"
)

// structure hashes what two programs must agree on about a type before one can
// read what the other wrote: kinds, field names and their order, array lengths,
// the way a type with functions of its own is rebuilt. Names of types are left
// out: a renamed package changes nothing. So is the size of an int: a number
// that does not fit is an error of its own.
func structure(w *world, t reflect.Type) uint32 {
	h := fnv.New32a()
	s := sketch{w: w, to: h, seen: map[reflect.Type]int{}}
	s.draw(t)
	return h.Sum32()
}

type sketch struct {
	w    *world
	to   io.Writer
	seen map[reflect.Type]int
}

func (s *sketch) say(text string) { io.WriteString(s.to, text+";") }

func (s *sketch) draw(t reflect.Type) {
	if tag := builtinTags[t]; tag != 0 {
		s.say("basic " + strconv.Itoa(int(tag)))
		return
	}
	if n, ok := s.seen[t]; ok {
		s.say("again " + strconv.Itoa(n))
		return
	}
	s.seen[t] = len(s.seen)
	if n := s.w.byType[t]; n != nil {
		if n.recipe != nil {
			s.say(n.recipe.kind)
			s.draw(n.recipe.state)
			return
		}
		if m := methodsOf(t); m != nil && t.Kind() != reflect.Interface {
			s.say(m.kind)
			return
		}
	}
	s.say(t.Kind().String())
	switch t.Kind() {
	case reflect.Array:
		s.say(strconv.Itoa(t.Len()))
		s.draw(t.Elem())
	case reflect.Pointer, reflect.Slice:
		s.draw(t.Elem())
	case reflect.Map:
		s.draw(t.Key())
		s.draw(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Tag.Get("pickle") == "-" || f.Name == "_" {
				continue
			}
			s.say("field " + f.Name)
			s.draw(f.Type)
		}
		s.say("end")
	}
}
