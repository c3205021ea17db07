package explore

import "log/slog"

// LogValue is what package log/slog writes of a failure: its kind, thread and
// pattern, what it says, and the schedule that performs it again.
func (f *Failure) LogValue() slog.Value {
	if f == nil {
		return slog.StringValue("<nil>")
	}
	attrs := []slog.Attr{slog.String("kind", f.Kind.String())}
	if f.Thread != "" {
		attrs = append(attrs, slog.String("thread", f.Thread))
	}
	if f.Pattern != "" {
		attrs = append(attrs, slog.String("pattern", f.Pattern))
	}
	if f.Err != nil {
		attrs = append(attrs, slog.String("err", f.Err.Error()))
	}
	return slog.GroupValue(append(attrs,
		slog.String("schedule", f.Schedule.String()),
		slog.Int("schedules", f.Schedules),
		slog.Int("steps", f.Steps))...)
}
