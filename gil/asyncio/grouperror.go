package asyncio

import (
	"fmt"
	"strconv"
	"strings"
)

// GroupError is a tree of errors: every failure of a TaskGroup. errors.Is and
// errors.As look through all of it. Python: ExceptionGroup.
type GroupError struct {
	Message string  // what the group is about
	Errs    []error // at least one; other GroupErrors among them are subtrees
}

// Error shows the tree on one line.
func (e *GroupError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "asyncio: %s (%s): ", e.Message, counted(len(e.Errs), "sub-exception"))
	for i, err := range e.Errs {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(err.Error())
	}
	return b.String()
}

// PythonText returns what str() of Python's exception is.
func (e *GroupError) PythonText() string {
	return e.Message + " (" + counted(len(e.Errs), "sub-exception") + ")"
}

// Unwrap returns the errors, for errors.Is and errors.As.
func (e *GroupError) Unwrap() []error { return e.Errs }

// Tree shows the errors as an indented tree, one per line.
func (e *GroupError) Tree() string {
	var b strings.Builder
	e.tree(&b, "")
	return b.String()
}

func (e *GroupError) tree(b *strings.Builder, indent string) {
	fmt.Fprintf(b, "%s+ %s\n", indent, e.PythonText())
	for _, err := range e.Errs {
		if g, ok := err.(*GroupError); ok {
			g.tree(b, indent+"  ")
			continue
		}
		fmt.Fprintf(b, "%s  - %s\n", indent, err)
	}
}

// Split divides the tree into the errors for which match holds and the others,
// both with the shape of the tree; a part without errors is nil. Python:
// ExceptionGroup.split, the base of except*.
func (e *GroupError) Split(match func(error) bool) (matching, others *GroupError) {
	if match(e) {
		return e, nil
	}
	var yes, no []error
	for _, err := range e.Errs {
		g, ok := err.(*GroupError)
		switch {
		case ok:
			a, b := g.Split(match)
			if a != nil {
				yes = append(yes, a)
			}
			if b != nil {
				no = append(no, b)
			}
		case match(err):
			yes = append(yes, err)
		default:
			no = append(no, err)
		}
	}
	return e.part(yes), e.part(no)
}

// Subgroup is the first part of Split. Python: ExceptionGroup.subgroup.
func (e *GroupError) Subgroup(match func(error) bool) *GroupError {
	yes, _ := e.Split(match)
	return yes
}

func (e *GroupError) part(errs []error) *GroupError {
	if len(errs) == 0 {
		return nil
	}
	return &GroupError{Message: e.Message, Errs: errs}
}

func itoa(n int) string { return strconv.Itoa(n) }
