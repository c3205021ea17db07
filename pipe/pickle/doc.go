// Package pickle turns Go values into messages and back, as Python's pickle does
// for objects: whatever is sent arrives as it was, or is refused with an error
// that says which part of it could not travel and what to do instead. Nothing is
// lost silently.
//
//	data, err := pickle.Marshal([]any{42, nil, "hello"})
//	v, err := pickle.Unmarshal(data) // []any{42, nil, "hello"}: an int, a nil, a string
//
// Messages are self-contained: each can be decoded alone, in any order, by any
// process that registered the same types.
//
// # What arrives
//
// The dynamic type of every value: an int8 is an int8 again, a *T a *T, and what
// was in an any has the type it had. Nil and empty slices and maps differ. Floats
// keep every bit, NaNs included. Strings are bytes and need not be UTF-8.
//
// Identity. A pointer, map or slice that occurs twice is one thing on the other
// side, cycles are cycles, and a pointer to a field or element of something else
// in the message leads into that very thing; so do slices that share elements. A
// slice arrives with no capacity beyond its length, and of two slices without
// elements nothing is shared.
//
// time.Time to the nanosecond with its zone (the monotonic reading stays
// behind), big.Int, big.Rat and big.Float.
//
// Types are known by name. The built-in types and the pointers, slices, arrays
// and maps made of known types need none; others are named with [Register] in
// both programs. Only the types that stand in an any, or are the whole message,
// need a name: a field's type is known from the struct. A message also carries a
// hash of each named type's structure, and is refused by a program that was built
// from another version of it.
//
// # What does not
//
// Functions, channels, addresses: refused unless nil. Structs with unexported
// fields: refused, because the field would be lost. The ways out, in the order in
// which to try them:
//
//   - export the field, or leave it behind on purpose with the tag pickle:"-";
//   - for a type that has MarshalBinary and UnmarshalBinary or GobEncode and
//     GobDecode, [Register] it: registering is what allows them to run;
//   - for one's own type, implement [Reducer] and call [RegisterReducer];
//   - for another's type, call [RegisterPair].
//
// Exported fields of an embedded struct travel although the struct's own name is
// unexported, as in encoding/json. A method that an embedded field brings is not
// taken for the whole struct's.
//
// # Errors
//
// Errors registered with [RegisterError], io.EOF and its like among them, arrive
// as themselves, registered error types as what they are. Any other error, where
// the place is of type error, arrives as a [*CarriedError], for which errors.Is
// and errors.As answer as before except about the error's own type. In an any the
// type is part of the value, so there it is refused; [Carry] makes a carrier.
//
// # Live objects
//
// Connections, locks and shared memory are not their fields. Such a type
// implements [HandleReducer]; what travels is a handle, beside the message, and
// only where somebody carries handles ([WithHandles]): on the way to a child
// process, or over a connection that can pass descriptors. Everywhere else the
// object is refused in CPython's words, "Lock objects should only be shared
// between processes through inheritance".
//
// # Decoding is safe
//
// Unmarshal does not panic, whatever the message is. It asks for no more memory
// than a fixed multiple of the message's length (see [WithMaxMemory]); a length
// of 2^62 is an error and not an allocation. Depth, the size of a message and the
// number of types that messages may bring are bounded.
//
// Decoding runs no code of the program except, for types that were named in a
// call that says so: the function given to [RegisterReducer], [RegisterPair] or
// [RegisterHandle]; UnmarshalBinary or GobDecode of a type given to [Register]
// itself, never of one that merely occurs in a field; and Close of objects that
// RegisterHandle's function made, when the message turns out to be bad. No String,
// Error, Is, Equal or other method runs. A panic in any of them becomes an error.
// Values still are what the sender made them: authenticate the sender first, and
// check what must hold.
//
// Encoding runs Reduce, ReduceHandle, the marshal methods of registered types and
// the methods of errors that are carried.
//
// # Limits
//
// A value must not change while it is encoded. A pointer into a value that
// travels by functions or methods of its own, or into a field that stays behind,
// leads to a copy afterwards. Memory that lies under two unrelated types, as
// package unsafe and conversions to array pointers make it, is refused where it
// is noticed. Registered names, not Go's,
// are what the two programs must agree on; adding a field to a struct is a new
// structure, and for messages that outlive a program [Gob] and [JSON] are
// better.
//
// # Concurrency
//
// All functions may be called from any goroutine. Nothing blocks, unless a
// method of the program that Marshal or Unmarshal runs does. The options and tables
// given to one call belong to it.
package pickle
