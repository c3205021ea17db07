package gil

import (
	"slices"
	"strings"
	"time"
)

// The works that compute without the GIL.
var (
	// WorkZlibCompress is zlib.compress(data, 1).
	WorkZlibCompress = everywhere("zlib.compress", "zlib.compress(data, 1)", "byte", workCost{held: call, freePer: 24})
	// WorkZlibDecompress is zlib.decompress(data); the size is that of the result.
	WorkZlibDecompress = everywhere("zlib.decompress", "zlib.decompress(data)", "byte", workCost{held: call, freePer: 0.9})
	// WorkCRC32 is zlib.crc32(data): without the GIL for more than 5 KiB, in 2.7 never.
	WorkCRC32 = since32("zlib.crc32", "zlib.crc32(data)", "byte",
		workCost{held: call, heldPer: 0.23}, workCost{held: call, freePer: 0.23, least: 5<<10 + 1})
	// WorkBZ2Compress is bz2.compress(data).
	WorkBZ2Compress = everywhere("bz2.compress", "bz2.compress(data)", "byte", workCost{held: call, freePer: 146})
	// WorkLZMACompress is lzma.compress(data). There is none in 2.7.
	WorkLZMACompress = everywhere("lzma.compress", "lzma.compress(data)", "byte", workCost{held: call, freePer: 358})
	// WorkSHA256 is hashlib.sha256(data), OpenSSL's: without the GIL for 2048 bytes
	// and more. For more pieces than one see [Hash].
	WorkSHA256 = everywhere("hashlib.sha256", "hashlib.sha256(data)", "byte", workCost{held: call, freePer: 0.56, least: 2048})
	// WorkPBKDF2 is hashlib.pbkdf2_hmac("sha256", …); the size is the iterations.
	WorkPBKDF2 = everywhere("hashlib.pbkdf2_hmac", "hashlib.pbkdf2_hmac('sha256', password, salt, n)", "iteration", workCost{held: call, freePer: 270})
	// WorkNumPy is a loop of NumPy over numbers: without the GIL above 500 items. The
	// time is that of an addition.
	WorkNumPy = everywhere("numpy.add", "a + b  # arrays of float64", "item", workCost{held: 400, freePer: 0.8, least: 501})
)

// The works that keep the GIL from beginning to end, however long they take.
var (
	// WorkSort is sorted(l) of numbers or strings.
	WorkSort = everywhere("sorted", "sorted(l)", "item", workCost{held: call, logs: 12})
	// WorkSortKey is sorted(l, key=f) with f in Python: threads switch while the keys
	// are computed, and not while they are compared.
	WorkSortKey = everywhere("sorted key", "sorted(l, key=f)", "item", workCost{held: call, python: 80, logs: 12})
	// WorkSum is sum(l).
	WorkSum = everywhere("sum", "sum(l)", "item", workCost{held: call, heldPer: 7})
	// WorkMinMap is min(map(abs, l)): a C function that calls C functions.
	WorkMinMap = everywhere("min map", "min(map(abs, l))", "item", workCost{held: call, heldPer: 38})
	// WorkFactorial is math.factorial(n), about as n² log n.
	WorkFactorial = everywhere("math.factorial", "math.factorial(n)", "step", workCost{held: call, logs: 38})
	// WorkRegexp is a match of re that takes n steps.
	WorkRegexp = everywhere("re.match", "re.match(pattern, s)", "step", workCost{held: call, heldPer: 26})
	// WorkJSON is json.dumps(l) of dicts with a list in them.
	WorkJSON = everywhere("json.dumps", "json.dumps(l)", "item", workCost{held: call, heldPer: 680})
	// WorkPickle is pickle.dumps(l) of the same.
	WorkPickle = everywhere("pickle.dumps", "pickle.dumps(l)", "item", workCost{held: call, heldPer: 215})
	// WorkListRange is list(range(n)).
	WorkListRange = everywhere("list range", "list(range(n))", "item", workCost{held: call, heldPer: 49})
	// WorkCopy is a copy of bytes.
	WorkCopy = everywhere("copy", "bytes(bytearray(data))", "byte", workCost{held: call, heldPer: 0.06})
	// WorkHexlify is binascii.hexlify(data).
	WorkHexlify = everywhere("binascii.hexlify", "binascii.hexlify(data)", "byte", workCost{held: call, heldPer: 0.93})
	// WorkGCCollect is gc.collect() with n objects.
	WorkGCCollect = everywhere("gc.collect", "gc.collect()", "object", workCost{held: call, heldPer: 147})
	// WorkBufferedWrite is f.write(s) that only fills the buffer of the file.
	WorkBufferedWrite = everywhere("buffered write", "f.write(s)", "byte", workCost{held: call, heldPer: 0.1})
)

// The works of which is known what one costs next to a thread that computes. How
// much of it is without the GIL is derived from how often the GIL was lost, which
// is as often as the other thread, once woken, finds it free.
var (
	// WorkWrite is os.write of a byte to the null device.
	WorkWrite = measured("os.write", "os.write(null, b'x')", false, [numEras][2]time.Duration{{200, 370}, {250, 350}, {150, 270}, {290, 160}})
	// WorkRead is os.read of 16 KiB of random numbers.
	WorkRead = measured("os.read", "os.read(random, 16384)", false, [numEras][2]time.Duration{{1000, 46000}, {1000, 46000}, {1000, 45000}, {1000, 41000}})
	// WorkSendTo is a datagram to oneself.
	WorkSendTo = measured("socket.sendto", "s.sendto(b'x', address)", false, [numEras][2]time.Duration{{1000, 3900}, {3250, 1250}, {700, 3400}, {1400, 2300}})
	// WorkSend is one of the two calls that bring a byte through a pair of sockets.
	WorkSend = measured("socket.send", "a.send(b'x'); b.recv(1)", false, [numEras][2]time.Duration{{300, 1000}, {800, 800}, {100, 1500}, {300, 900}})
	// WorkSleep0 is time.sleep(0): a select up to 3.10, clock_nanosleep from 3.11 on.
	WorkSleep0 = measured("sleep(0)", "time.sleep(0)", true, [numEras][2]time.Duration{{200, 440}, {500, 170}, {14500, 7500}, {10500, 5500}})
	// WorkSleepTenth is time.sleep(0.0001).
	WorkSleepTenth = measured("sleep(0.1 ms)", "time.sleep(0.0001)", true, [numEras][2]time.Duration{{1000, 126000}, {1000, 132000}, {1000, 141000}, {1000, 134000}})
	// WorkSleepTwo is time.sleep(0.002).
	WorkSleepTwo = measured("sleep(2 ms)", "time.sleep(0.002)", true, [numEras][2]time.Duration{{2000, 2050000}, {2000, 2045000}, {2000, 2070000}, {2000, 2057000}})
)

// call is what a call of a C function takes by itself.
const call = 25 * time.Nanosecond

// Works returns all works, in the order of their names.
func Works() []Work {
	all := []Work{
		WorkZlibCompress, WorkZlibDecompress, WorkCRC32, WorkBZ2Compress, WorkLZMACompress, WorkSHA256, WorkPBKDF2, WorkNumPy,
		WorkSort, WorkSortKey, WorkSum, WorkMinMap, WorkFactorial, WorkRegexp, WorkJSON, WorkPickle, WorkListRange, WorkCopy,
		WorkHexlify, WorkGCCollect, WorkBufferedWrite,
		WorkWrite, WorkRead, WorkSendTo, WorkSend, WorkSleep0, WorkSleepTenth, WorkSleepTwo,
	}
	slices.SortFunc(all, func(a, b Work) int { return strings.Compare(a.name, b.name) })
	return all
}

// LookupWork finds a work by its name. Anything else is a *ValueError that lists the
// names.
func LookupWork(name string) (Work, error) {
	var names []string
	for _, w := range Works() {
		if w.name == name {
			return w, nil
		}
		names = append(names, w.name)
	}
	return Work{}, badValue("", "no work %q; there are %s", name, strings.Join(names, ", "))
}

func everywhere(name, python, unit string, c workCost) Work { return since32(name, python, unit, c, c) }

func since32(name, python, unit string, before, after workCost) Work {
	w := Work{name: name, python: python, unit: unit}
	for e := range w.costs {
		if w.costs[e] = after; era(e) == eraTick {
			w.costs[e] = before
		}
	}
	return w
}

func measured(name, python string, waits bool, times [numEras][2]time.Duration) Work {
	w := Work{name: name, python: python, unit: "call", waits: waits}
	for e, t := range times {
		w.costs[e] = workCost{held: t[0], free: t[1]}
	}
	return w
}
