package process

import (
	"context"
	"errors"

	"github.com/pygil/pygil/pipe/pickle"
)

// result waits for what the child of a Call answers, and for its end.
func (p *Process) result(ctx context.Context) (any, error) {
	defer p.conn.Close()
	v, err := p.conn.Recv(ctx)
	if gone := p.Join(ctx); gone != nil {
		_ = p.Kill()
		_ = p.Join(patient(ctx))
		return nil, over(ctx, "call")
	}
	var undecoded *pickle.Error
	switch answer, failed := v.(reply); {
	case errors.As(err, &undecoded):
		return nil, err
	case err != nil:
		code, _ := p.ExitCode()
		return nil, &ExitError{Name: p.Name(), PID: p.PID(), Code: code}
	case failed:
		return nil, answer.Err
	}
	return v, nil
}
