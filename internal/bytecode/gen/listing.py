"""Prints what this Python compiles each snippet to. Runs on 2.7 and every 3.x.

A snippet is the body of a function; a statement that is only the name BEGIN, BODY, FINAL or
END marks a place and is compiled to LOAD_GLOBAL, POP_TOP, which no version optimises away.
"""
from __future__ import print_function
import dis
import sys

SNIPPETS = [
    # name, parameters, globals, lines
    ("load", "", "g", ["v = g"]),
    ("store", "v", "g", ["g = v"]),
    ("add", "", "g", ["g += 1"]),
    ("update", "", "g", ["g = f(g)"]),
    ("swap", "", "a, b", ["a, b = b, a"]),
    ("local_add", "x", "", ["x += 1"]),
    ("local_copy", "y", "", ["x = y"]),
    ("attr_load", "o", "", ["v = o.n"]),
    ("attr_store", "o, v", "", ["o.n = v"]),
    ("attr_add", "o", "", ["o.n += 1"]),
    ("item", "c, k", "", ["v = c[k]"]),
    ("set_item", "c, k, v", "", ["c[k] = v"]),
    ("del_item", "c, k", "", ["del c[k]"]),
    ("item_add", "c, k, n", "", ["c[k] += n"]),
    ("contains", "c, k", "", ["b = k in c"]),
    ("method0", "c", "", ["c.pop()"]),
    ("method1", "c, v", "", ["c.remove(v)"]),
    ("method2", "c, k, v", "", ["c.setdefault(k, v)"]),
    ("method0_result", "c", "", ["v = c.pop()"]),
    ("method1_result", "c, k", "", ["v = c.get(k)"]),
    ("method2_result", "c, k, w", "", ["v = c.setdefault(k, w)"]),
    ("append", "c, v", "", ["c.append(v)"]),
    ("len", "c", "", ["n = len(c)"]),
    ("call_c", "f", "", ["f(1)"]),
    ("call_c_result", "f", "", ["v = f(1)"]),
    ("list", "c", "", ["v = list(c)"]),
    ("list_items", "c", "", ["v = list(c.items())"]),
    ("sleep", "d", "", ["time.sleep(d)"]),
    ("print", "v", "", ["print v" if sys.version_info[0] == 2 else "print(v)"]),
    ("range", "n", "", ["for i in %s(n):" % ("xrange" if sys.version_info[0] == 2 else "range"), "    BODY"]),
    ("iter", "c", "", ["for x in c:", "    BODY"]),
    ("while", "i, n", "", ["while i < n:", "    BODY"]),
    ("call", "f", "", ["f()"]),
    ("identity", "x", "", ["return x"]),
    ("if", "x", "", ["if x:", "    BODY"]),
    ("acquire", "lock", "", ["lock.acquire()"]),
    ("try_acquire", "lock", "", ["ok = lock.acquire(False)"]),
    ("release", "lock", "", ["lock.release()"]),
    ("with", "lock", "", ["with lock:", "    BODY"]),
    ("finally", "", "", ["try:", "    BODY", "finally:", "    FINAL"]),
    # The programs of the race table, as far as they are not constructs.
    ("race_tmp", "", "g", ["t = g", "t = t + 1", "g = t"]),
    ("race_branch", "i", "g", ["t = g", "if i & 1:", "    t = t + 1", "else:", "    t = t + 2", "g = t"]),
    ("race_loop", "", "g", ["t = g", "for _ in (1, 2, 3, 4):", "    t = t + 1", "g = t"]),
    ("race_pyf", "", "g", ["g = g + pyf()"]),
    ("race_pyf_first", "", "g", ["g = pyf() + g"]),
    ("race_len", "t", "g", ["g = g + len(t)"]),
    ("race_abs", "", "g", ["g = g + abs(1)"]),
    ("race_int", "", "g", ["g = g + int(1)"]),
    ("race_count", "t", "g", ["g = g + t.count(1)"]),
    ("race_get_set", "o", "", ["o.set(o.get() + 1)"]),
    ("race_dict_get", "d, k", "", ["d[k] = d.get(k, 0) + 1"]),
    ("race_lazy_class", "s, i", "", ["if s[i] is None:", "    s[i] = C()"]),
    ("race_lazy_one", "s, i", "", ["if s[i] is None:", "    s[i] = 1"]),
    ("race_missing", "d, k, v", "", ["if k not in d:", "    d[k] = v"]),
    ("race_missing_pyf", "d, k", "", ["if k not in d:", "    d[k] = pyf()"]),
    ("race_pop", "l", "", ["if l:", "    l.pop()"]),
    ("race_len_pop", "l", "", ["if len(l) > 0:", "    l.pop()"]),
    ("race_bank", "b", "", ["if b.n >= 1:", "    b.n -= 1"]),
    ("race_pair", "i", "x, y", ["x = i", "y = i"]),
    ("race_pair_pyf", "i", "x, y", ["x = i", "pyf()", "y = i"]),
    ("race_sleep", "s", "g", ["t = g", "s(0)", "g = t + 1"]),
]

OPERATORS = {"CONTAINS_OP": ["in", "not in"], "IS_OP": ["is", "is not"]}


def decode(code):
    """Yields (offset, name, argument as text, jump target or None)."""
    if hasattr(dis, "get_instructions"):
        for i in dis.get_instructions(code):
            jump = i.opcode in dis.hasjrel or i.opcode in dis.hasjabs
            if i.arg is None or jump:
                text = ""
            elif i.opname in OPERATORS:
                text = OPERATORS[i.opname][i.arg]
            elif i.opname in ("BINARY_OP", "LOAD_SPECIAL", "LOAD_COMMON_CONSTANT"):
                text = i.argrepr
            elif isinstance(i.argval, tuple) and i.opcode not in dis.hasconst:
                text = ", ".join(i.argval)
            elif isinstance(i.argval, str) and i.opcode not in dis.hasconst:
                text = i.argval
            elif i.opcode in dis.hasconst:
                text = repr(i.argval)
            else:
                text = str(i.arg)
            yield i.offset, i.opname, text, i.argval if jump else None
        return
    raw = [b if isinstance(b, int) else ord(b) for b in code.co_code]
    at = 0
    while at < len(raw):
        op, start, arg, text, target = raw[at], at, None, "", None
        at += 1
        if op >= dis.HAVE_ARGUMENT:
            arg = raw[at] | raw[at + 1] << 8
            at += 2
            if op in dis.hasconst:
                text = repr(code.co_consts[arg])
            elif op in dis.hasname:
                text = code.co_names[arg]
            elif op in dis.haslocal:
                text = code.co_varnames[arg]
            elif op in dis.hascompare:
                text = dis.cmp_op[arg]
            elif op in dis.hasjrel:
                target = at + arg
            elif op in dis.hasjabs:
                target = arg
            else:
                text = str(arg)
        yield start, dis.opname[op], text, target


def compiled(params, names, lines):
    source = ["def snippet(%s):" % params]
    if names:
        source.append("    global %s" % names)
    source += ["    " + line for line in ["BEGIN"] + lines + ["END"]]
    scope = {}
    # Without inheriting the __future__ of this file: print is a statement on 2.7.
    exec(compile("\n".join(source) + "\n", "<snippet>", "exec", 0, True), scope)
    return scope["snippet"].__code__


def main():
    print("python %d.%d.%d" % tuple(sys.version_info[:3]))
    row = "opcodes"
    for name in sorted(dis.opmap):
        if len(row) + len(name) > 110:
            print(row)
            row = "opcodes"
        row += " " + name
    print(row)
    for name, params, names, lines in SNIPPETS:
        print("\nsnippet %s" % name)
        for line in lines:
            print("    # %s" % line)
        code = [i for i in decode(compiled(params, names, lines)) if i[1] != "CACHE"]
        index = dict((i[0], n) for n, i in enumerate(code))
        for n, (_, op, text, target) in enumerate(code):
            if target is not None:
                text = "-> %d" % index[target]
            print(("    %3d %s %s" % (n, op, text)).rstrip())


main()
