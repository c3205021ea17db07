package gil

// Interpreter returns the first interpreter of the run that is going on or has ended
// last, for its Stats once Run has returned; nil before the first run.
func (m *Machine) Interpreter() *Interpreter {
	m.mu.Lock()
	w := m.w
	m.mu.Unlock()
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.all) == 0 {
		return nil
	}
	return w.all[0]
}
