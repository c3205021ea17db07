package pickle

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxNumber is how many digits a number may have in a line of text, as in Python.
const maxNumber = 4300

// word pushes what protocol 0 writes as a line of text.
func (d *pyDecoder) word(op byte, line string) *Error {
	bad := func() *Error { return d.fail("", "a line of the pickle is no number or text") }
	switch op {
	case pyGet, pyPut:
		n, err := strconv.ParseUint(line, 10, 31)
		switch {
		case err != nil:
			return bad()
		case op == pyPut:
			return d.put(int(n))
		}
		return d.get(int(n))
	case pyInt, pyLong:
		switch {
		case op == pyInt && line == "00":
			d.push(false)
			return nil
		case op == pyInt && line == "01":
			d.push(true)
			return nil
		case len(line) > maxNumber: // reading digits takes quadratic time
			return d.fail("Exceeds the limit (4300 digits) for integer string conversion", "an int of the pickle has %d digits", len(line))
		}
		x, ok := new(big.Int).SetString(strings.TrimSuffix(line, "L"), 10)
		if !ok {
			return bad()
		}
		d.push(bigValue(x))
		return nil
	case pyFloat:
		if len(line) > maxNumber {
			return bad()
		}
		f, err := strconv.ParseFloat(line, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return bad()
		}
		d.push(f)
		return nil
	case pyUnicode:
		s, ok := rawUnicode(line)
		if !ok {
			return bad()
		}
		d.push(s)
		return nil
	}
	// STRING: in quotes, as Python 2's repr shows it.
	if n := len(line); n < 2 || line[0] != line[n-1] || line[0] != '\'' && line[0] != '"' {
		return d.fail("the STRING opcode argument must be quoted", "a str of the pickle has no quotes")
	}
	b, ok := escaped(line[1 : len(line)-1])
	if !ok {
		return bad()
	}
	d.push(d.str2(b))
	return nil
}

// rawUnicode decodes Python's "raw-unicode-escape": Latin-1 with \uXXXX and
// \UXXXXXXXX.
func rawUnicode(line string) (string, bool) {
	var b []byte
	for i := 0; i < len(line); {
		n := 0
		if line[i] == '\\' && i+1 < len(line) {
			n = map[byte]int{'u': 4, 'U': 8}[line[i+1]]
		}
		if n == 0 {
			b = utf8.AppendRune(b, rune(line[i]))
			i++
			continue
		}
		if i+2+n > len(line) {
			return "", false
		}
		r, err := strconv.ParseUint(line[i+2:i+2+n], 16, 32)
		if err != nil || r > utf8.MaxRune {
			return "", false
		}
		b = appendPoint(b, rune(r))
		i += 2 + n
	}
	// Two halves of a pair that were written one by one are one character in none
	// of Python's texts: they stay two.
	return string(b), true
}

// appendPoint appends a code point, which may be a surrogate.
func appendPoint(b []byte, r rune) []byte {
	if r >= 0xd800 && r < 0xe000 {
		return append(b, 0xed, 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(b, r)
}

// escaped undoes the escapes of a bytes literal.
func escaped(s string) ([]byte, bool) {
	plain := map[byte]byte{'\\': '\\', '\'': '\'', '"': '"', 'a': 7, 'b': 8, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		if i++; i == len(s) {
			return nil, false
		}
		if c, ok := plain[s[i]]; ok {
			b = append(b, c)
			continue
		}
		if s[i] != 'x' || i+2 >= len(s) {
			return nil, false
		}
		x, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return nil, false
		}
		b = append(b, byte(x))
		i += 2
	}
	return b, true
}
