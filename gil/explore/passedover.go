package explore

// measured is how many schedules there are for each one in which it is looked how long
// threads have to wait.
const measured = 64

// passing measures how long threads that could run did not.
type passing struct {
	since   []int32 // of each thread, the operation since which it could run and did not, -1
	longest int32
	who     int
}

func (m *passing) reset() { m.since, m.longest, m.who = m.since[:0], 0, 0 }

// performed takes notice of the operation that thread t is about to perform.
func (m *passing) performed(r *runner, t int) {
	n := int32(len(r.steps))
	enabled := r.k.Enabled()
	for len(m.since) < len(r.threads) {
		m.since = append(m.since, -1)
	}
	for u := range m.since {
		switch {
		case u == t || !enabled.Has(u):
			m.since[u] = -1
		case m.since[u] < 0:
			m.since[u] = n
			fallthrough
		default:
			if passed := n - m.since[u] + 1; passed > m.longest {
				m.longest, m.who = passed, u
			}
		}
	}
}
