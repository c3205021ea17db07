package pickle

import (
	"math/big"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

// The standard library's types that everybody sends and whose fields are hidden.

func (c *compiler) fillStandard(p *plan) {
	switch p.tag {
	case tagTime:
		p.enc, p.dec, p.min = encTime, decTime, 3
	case tagBigInt:
		p.enc, p.dec = encBigInt, decBigInt
	case tagBigRat:
		p.enc, p.dec, p.min = encBigRat, decBigRat, 2
	case tagBigFloat:
		p.enc, p.dec = encBigFloat, decBigFloat
	}
}

// A time is its instant, to the nanosecond, and its zone. A monotonic reading
// means nothing in another process and is left out, as t.Round(0) leaves it out.
// Of a zone, the name and the offset at that instant travel, and the rules if
// the receiver knows a zone of the same name that agrees about this instant:
// never is an instant or an offset changed for the sake of a name.
const (
	zoneUTC   = iota
	zoneLocal // the sender's local time
	zoneFixed // one name and offset for all instants
	zoneNamed // of the time zone database
)

const (
	maxZoneName = 255
	maxZones    = 8 // names per message that are looked for without being known
)

func encTime(e *encoder, _ *plan, v reflect.Value) *Error {
	t := *pointerOf[time.Time](v)
	e.buf = appendVarint(e.buf, t.Unix())
	e.buf = appendUvarint(e.buf, uint64(t.Nanosecond()))
	kind := zoneOf(t.Location())
	e.code(kind)
	if kind == zoneUTC {
		return nil
	}
	abbreviation, offset := t.Zone()
	name := ""
	if kind == zoneNamed {
		name = t.Location().String()
	}
	if len(abbreviation) > maxZoneName || len(name) > maxZoneName {
		return refused(v.Type(), "the name of its zone is too long")
	}
	e.buf = appendString(e.buf, abbreviation)
	e.buf = appendVarint(e.buf, int64(offset))
	if kind == zoneNamed {
		e.buf = appendString(e.buf, name)
	}
	return nil
}

// probes are instants in which zones with rules differ from those without.
var probes = func() (ts []time.Time) {
	for _, year := range []int{1900, 1942, 1970, 1985, 2000, 2020} {
		ts = append(ts, time.Date(year, 1, 15, 0, 0, 0, 0, time.UTC), time.Date(year, 7, 15, 0, 0, 0, 0, time.UTC))
	}
	return ts
}()

// zoneOf says what kind of zone a location is. A location does not tell whether
// it has rules; one that gives its own name and one offset at every probe is
// taken for a fixed one, which it then equals at every one of them.
func zoneOf(l *time.Location) int {
	switch l {
	case time.UTC:
		return zoneUTC
	case time.Local:
		return zoneLocal
	}
	name, offset := probes[0].In(l).Zone()
	if name != l.String() && !(l.String() == "" && name == "UTC") {
		return zoneNamed
	}
	for _, t := range probes[1:] {
		if n, o := t.In(l).Zone(); n != name || o != offset {
			return zoneNamed
		}
	}
	return zoneFixed
}

func decTime(d *decoder, p *plan, v reflect.Value) *Error {
	sec, err := d.varint()
	if err != nil {
		return err
	}
	nsec, err := d.uvarint()
	if err != nil {
		return err
	}
	if nsec >= 1e9 {
		return d.fail(p.typ, "%d nanoseconds are a second or more", nsec)
	}
	t := time.Unix(sec, int64(nsec))
	kind, err := d.byte()
	if err != nil {
		return err
	}
	switch kind {
	case zoneUTC:
		*v.Addr().Interface().(*time.Time) = t.UTC()
		return nil
	case zoneLocal, zoneFixed, zoneNamed:
	default:
		return d.fail(p.typ, "unknown kind of zone %d", kind)
	}
	abbreviation, err := d.zoneName(p)
	if err != nil {
		return err
	}
	offset, err := d.varint()
	if err != nil {
		return err
	}
	if int64(int32(offset)) != offset {
		return d.fail(p.typ, "a zone is %d seconds away from UTC", offset)
	}
	l := time.Local
	switch kind {
	case zoneFixed:
		l = nil
	case zoneNamed:
		name, err := d.zoneName(p)
		if err != nil {
			return err
		}
		l = d.zone(name)
	}
	if l != nil {
		if a, o := t.In(l).Zone(); a != abbreviation || int64(o) != offset {
			l = nil
		}
	}
	if l == nil {
		l = time.FixedZone(abbreviation, int(offset))
	}
	*v.Addr().Interface().(*time.Time) = t.In(l)
	return nil
}

func (d *decoder) zoneName(p *plan) (string, *Error) {
	b, err := d.blob()
	if err == nil && len(b) > maxZoneName {
		return "", d.fail(p.typ, "the name of a zone has %d bytes", len(b))
	}
	return string(b), err
}

// zones keeps the locations that messages named. There are some 600; where a file
// can be reached by many spellings of its name, a message could bring any number.
var zones struct {
	known  sync.Map // string → *time.Location
	number atomic.Int32
}

const keptZones = 1000

// zone returns the location of a name, or nil. Looking one up reads files, so a
// message may do it a few times only.
func (d *decoder) zone(name string) *time.Location {
	if l, ok := zones.known.Load(name); ok {
		return l.(*time.Location)
	}
	if d.zones == 0 || name == "" || name == "Local" {
		return nil
	}
	d.zones--
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	if zones.number.Load() >= keptZones {
		return l
	}
	kept, again := zones.known.LoadOrStore(name, l)
	if !again {
		zones.number.Add(1)
	}
	return kept.(*time.Location)
}

// pointerOf returns a pointer to a value, or to a copy of one that has no memory
// of its own. The copy of a big number shares its digits and is only read.
func pointerOf[T any](v reflect.Value) *T {
	return (*T)(address(v))
}

// writeInt writes a big integer: twice the number of its bytes, odd if it is
// negative, and the bytes, most significant first.
func (e *encoder) writeInt(n *big.Int) {
	digits := n.Bytes()
	e.buf = appendUvarint(e.buf, uint64(len(digits))<<1|uint64(rank(n.Sign() < 0)))
	e.buf = append(e.buf, digits...)
}

func (d *decoder) readInt(n *big.Int) *Error {
	at := d.pos
	size, err := d.uvarint()
	if err != nil {
		return err
	}
	if err := d.claim(at, size>>1, 1); err != nil {
		return err
	}
	digits, err := d.take(int(size >> 1))
	if err != nil {
		return err
	}
	if len(digits) > 0 {
		if err := d.charge(at, len(digits)+wordBytes, 1); err != nil {
			return err
		}
		n.SetBytes(digits)
	}
	if size&1 == 1 {
		n.Neg(n)
	}
	return nil
}

const wordBytes = 8

func encBigInt(e *encoder, _ *plan, v reflect.Value) *Error {
	e.writeInt(pointerOf[big.Int](v))
	return nil
}

func decBigInt(d *decoder, _ *plan, v reflect.Value) *Error {
	return d.readInt(pointerOf[big.Int](v))
}

func encBigRat(e *encoder, _ *plan, v reflect.Value) *Error {
	r := pointerOf[big.Rat](v)
	// Denom of a zero value changes it, and a value being sent is only read.
	e.writeInt(r.Num())
	if r.IsInt() {
		e.code(0)
		return nil
	}
	e.writeInt(r.Denom())
	return nil
}

func decBigRat(d *decoder, p *plan, v reflect.Value) *Error {
	var num, denom big.Int
	if err := d.readInt(&num); err != nil {
		return err
	}
	if err := d.readInt(&denom); err != nil {
		return err
	}
	r := pointerOf[big.Rat](v)
	switch denom.Sign() {
	case 0:
		if num.Sign() != 0 {
			r.SetInt(&num)
		}
	case 1:
		r.SetFrac(&num, &denom)
	default:
		return d.fail(p.typ, "a denominator is negative")
	}
	return nil
}

// A big.Float has more to it than a number (precision, rounding mode, accuracy,
// signs of zero and infinity); its own form says it all.
func encBigFloat(e *encoder, _ *plan, v reflect.Value) *Error {
	data, err := pointerOf[big.Float](v).GobEncode()
	if err != nil {
		return refusedBy(v.Type(), "it says", err)
	}
	return e.blob(data)
}

func decBigFloat(d *decoder, p *plan, v reflect.Value) *Error {
	at := d.pos
	data, err := d.blob()
	if err != nil {
		return err
	}
	// Its reader takes any bits for the rounding mode, the accuracy and the
	// form, and only later panics on the ones that do not exist.
	if len(data) > 1 {
		b := data[1]
		if big.RoundingMode(b>>5&7) > big.ToPositiveInf || b>>3&3 > 2 || b>>1&3 > 2 {
			return d.failAt(at, p.typ, "unknown form of a float")
		}
	}
	if err := d.charge(at, len(data), 1); err != nil {
		return err
	}
	if err := protect("GobDecode", func() error { return pointerOf[big.Float](v).GobDecode(data) }); err != nil {
		return d.failBy(at, p.typ, "it says", err)
	}
	return nil
}
