package pool

import "log/slog"

// LogValue is what package log/slog writes of the figures.
func (s Stats) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int("submitted", s.Submitted),
		slog.Int("completed", s.Completed),
		slog.Int("failed", s.Failed),
		slog.Int("cancelled", s.Cancelled),
		slog.Int("retried", s.Retried),
		slog.Int("replaced", s.Replaced),
		slog.Int("started", s.Started),
		slog.Int("workers", s.Workers),
		slog.Int("idle", s.Idle),
		slog.Int("running", s.Running),
		slog.Int("pending", s.Pending),
	)
}
