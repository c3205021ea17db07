package queue

import "log/slog"

// LogValue is what package log/slog writes of the figures.
func (s Stats) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int("items", s.Items),
		slog.Int("unsent", s.Unsent),
		slog.Int("lost", s.Lost),
		slog.Int("discarded", s.Discarded),
	)
}
