package blocking_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/internal/blocking"
)

type recorder struct {
	context.Context
	log []string
}

func (r *recorder) Value(key any) any {
	if key == (blocking.Key{}) {
		return r
	}
	return r.Context.Value(key)
}

func (r *recorder) Block(reason string, fn func()) {
	r.log = append(r.log, "release "+reason)
	defer func() { r.log = append(r.log, "acquire") }()
	fn()
}

func TestDoWithoutHookCallsTheFunction(t *testing.T) {
	ran := false
	blocking.Do(t.Context(), "read", func() { ran = true })
	assert.True(t, ran)
	assert.Nil(t, blocking.From(t.Context()))
}

func TestDoFindsTheHookThroughDerivedContexts(t *testing.T) {
	r := &recorder{Context: t.Context()}
	ctx, cancel := context.WithCancel(r)
	defer cancel()
	blocking.Do(ctx, "read", func() { r.log = append(r.log, "read") })
	assert.Equal(t, []string{"release read", "read", "acquire"}, r.log)
}
