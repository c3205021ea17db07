// Package futex lets goroutines of several processes wait for a change of memory
// that they share, and survive each other's deaths.
//
// It has three layers. [Wait] and [Wake] are the kernel's futex on a 32-bit word
// of shared memory: a thread sleeps as long as the word has a value. [Bell] is
// what an object keeps in shared memory so that sleepers miss nothing. [Room] is
// what each process keeps for an object of its own: of all the goroutines there
// that wait for it, one sleeps in the kernel and the others on channels.
//
// # Missing nothing
//
// The state of an object and the word that sleepers sleep on are different words.
// Whoever wants to sleep calls [Bell.Listen], looks at the state, and goes to
// [Bell.Sleep] with what Listen returned. Whoever changes the state does so first
// and calls [Bell.Ring] afterwards. Listen raises a flag before the state is
// read, and Ring reads the flag after the state was written: either the sleeper
// sees the new state, or the ringer sees the flag and changes the word, which ends
// the sleep or keeps it from beginning. A ringer that finds no flag makes no
// system call.
//
// The flag is no count of sleepers. A count is wrong for ever once a sleeper was
// killed; a flag that a dead one left behind costs the next ringer one system call
// and is gone.
//
// # Deaths
//
// A process can be killed between changing the state and ringing, and the one
// thread that was woken can be killed before it does anything. Neither may leave
// another one asleep. No order of stores prevents the first, so every sleep is
// bounded: after [FirstLook], then at intervals that double up to [LastLook],
// a sleeper looks at the state again, and asks about the life of whoever it waits
// for. A waiting process makes about twelve of these looks a second for an object; an
// object nobody waits for makes none.
//
// # Goroutines, not threads
//
// A thread in a futex is a thread of the operating system that does nothing else.
// In a Room the goroutine that came first leads: it sleeps in the kernel itself,
// which wakes it without a detour. The others follow, each on a channel of its
// own. Whoever leaves makes the next one the leader, which first looks at the
// state itself. Ten thousand waiters need one thread, each can give up with its
// context, and nothing runs when nobody waits.
//
// # Answers that come at once
//
// Two processes that answer each other at once would spend most of their time on
// falling asleep and being woken. So a leader first looks at the state again and again
// for up to [Soon], without a flag, as long as that pays: the more often it was in vain,
// the more waits, up to 255 in a row, go without it, and with one processor for
// goroutines all do.
//
// # Elsewhere than on Linux
//
// Without a futex, and on Linux with the build tag portable, Wait looks at the
// word again and again, after naps that grow to a millisecond. Everything else is
// the same.
package futex
