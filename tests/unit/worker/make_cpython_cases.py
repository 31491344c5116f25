"""Writes cpython_cases.json: what CPython 3.11 answers, for runtime_cpython_test.cpp. Run by hand after adding cases.

A case is {"op", "args", "result"} or {"op", "args", "error"}; values are ["i", 1], ["f", hexadecimal], ["s", text],
["b", true], ["n"], ["y", hexadecimal bytes], ["l", [...]], ["t", [...]], ["d", [[key, value], ...]].
"""
import json
import math
import pathlib
import random
import sys

assert sys.version_info[:2] == (3, 11), "the language's rule is CPython 3.11"
random.seed(7)
cases = []


def pack(v):
    if v is None:
        return ["n"]
    if isinstance(v, bool):
        return ["b", v]
    if isinstance(v, int):
        return ["i", v]
    if isinstance(v, float):
        return ["f", v.hex()]
    if isinstance(v, str):
        return ["s", v]
    if isinstance(v, bytes):
        return ["y", v.hex()]
    if isinstance(v, list):
        return ["l", [pack(x) for x in v]]
    if isinstance(v, tuple):
        return ["t", [pack(x) for x in v]]
    if isinstance(v, dict):
        return ["d", [[pack(k), pack(x)] for k, x in v.items()]]
    raise TypeError(type(v))


def fits(v):
    if isinstance(v, int):
        return -(2**63) <= v < 2**63
    if isinstance(v, (list, tuple)):
        return all(fits(x) for x in v)
    return not isinstance(v, complex)


def case(op, function, *args):
    entry = {"op": op, "args": [pack(a) for a in args]}
    try:
        result = function(*args)
        if not fits(result):
            return
        entry["result"] = pack(result)
    except Exception as e:
        entry["error"] = f"{type(e).__name__}: {e}"
    cases.append(entry)


texts = ["", "a", "abc", "Hello World", "  pad\t\n", "ÄÖü ß ǆ ŉ", "ΑΣ ΑΣ.Β ὈΔΥΣΣΕΎΣ", "日本語 テキスト", "a,b,,c,", "x\ny\r\nz\rw\x0b1\x0c2\x1c3\x85 4\u2028e",
         "aXbXc", "mississippi", "İstanbul ﬁ", "tab\tx\t\ty", "123", "٣٤", "½²", "Ⅷ", "a1", "_x", "1x", "ß", "they're Bill's", "\x00\x7f\xa0\xad", "'", "\"", "'\"",
         "e\u0301", "😀 smile", "ǅ", "-42", "+7", "  \u3000x\u3000 ", "\u200bz", "class", "A\u0301", "\u0345\u03a3", "a\u00ad\u03a3"]
unary = ["upper", "lower", "title", "capitalize", "swapcase", "casefold", "strip", "lstrip", "rstrip", "isalpha", "isdigit", "isdecimal", "isnumeric",
         "isalnum", "isspace", "isupper", "islower", "istitle", "isidentifier", "isprintable", "isascii", "split", "rsplit", "splitlines", "expandtabs", "encode"]
for t in texts:
    for m in unary:
        case("str." + m, getattr(str, m), t)
    case("repr", repr, t)
    case("ascii", ascii, t)
    case("list", list, t)
    for sep in [",", "X", "ss", " ", "", "日"]:
        case("str.split", str.split, t, sep)
        case("str.rsplit", str.rsplit, t, sep)
        for n in (0, 1, 2):
            case("str.split", str.split, t, sep, n)
            case("str.rsplit", str.rsplit, t, sep, n)
        case("str.partition", str.partition, t, sep)
        case("str.rpartition", str.rpartition, t, sep)
        case("str.replace", str.replace, t, sep, "<>")
        case("str.replace", str.replace, t, sep, "", 1)
        case("str.count", str.count, t, sep)
        case("str.find", str.find, t, sep)
        case("str.rfind", str.rfind, t, sep)
        case("str.index", str.index, t, sep)
        case("str.find", str.find, t, sep, 2, -1)
        case("str.rfind", str.rfind, t, sep, -3, 100)
        case("str.count", str.count, t, sep, 1, 4)
        case("str.startswith", str.startswith, t, sep, 1)
        case("str.endswith", str.endswith, t, sep, 0, -1)
        case("str.removeprefix", str.removeprefix, t, sep)
        case("str.removesuffix", str.removesuffix, t, sep)
    for n in (0, 1, 3):
        case("str.split", str.split, t, None, n)
        case("str.rsplit", str.rsplit, t, None, n)
    case("str.strip", str.strip, t, "a x日é")
    case("str.lstrip", str.lstrip, t, "Hae \t")
    case("str.rstrip", str.rstrip, t, ",dc ")
    case("str.splitlines", str.splitlines, t, True)
    case("str.expandtabs", str.expandtabs, t, 3)
    for w in (0, 4, 9, 20, 21):
        case("str.center", str.center, t, w)
        case("str.center", str.center, t, w, "é")
        case("str.ljust", str.ljust, t, w, "*")
        case("str.rjust", str.rjust, t, w)
        case("str.zfill", str.zfill, t, w)
    case("str.center", str.center, t, 9, "ab")
    case("str.encode", str.encode, t, "ascii")
    case("str.encode", str.encode, t, "latin-1", "replace")
    case("str.encode", str.encode, t, "ascii", "backslashreplace")
    case("str.encode", str.encode, t, "ascii", "xmlcharrefreplace")
    case("str.encode", str.encode, t, "utf-16")
    for i in (0, 1, -1, 5, -9, 100):
        case("index", lambda s, k: s[k], t, i)
    for a, b, c in [(None, None, -1), (1, -1, 1), (-3, None, None), (2, 100, 2), (None, 2, 1), (5, 0, -2), (-100, 3, None)]:
        case("slice", lambda s, x, y, z: s[x:y:z], t, a, b, c)
for n in (0, 1, 5):
    xs = list(range(n))
    for a in (None, 0, 1, -2, 5, -100, 100):
        for b in (None, 0, 3, -1, 100):
            for c in (None, 1, 2, -1, -3, 0):
                case("slice", lambda s, x, y, z: s[x:y:z], xs, a, b, c)

                def put(s, x, y, z, v):
                    s = list(s)
                    s[x:y:z] = v
                    return s

                case("set_slice", put, xs, a, b, c, [7, 8])

                def cut(s, x, y, z):
                    s = list(s)
                    del s[x:y:z]
                    return s

                case("del_slice", cut, xs, a, b, c)

numbers = [0, 1, -1, 7, 42, -42, 255, 1000, 1234567, -1234567, 10**15, 2**63 - 1, -(2**63), 65]
floats = [0.0, -0.0, 1.0, -1.5, 0.1, 1 / 3, 2.5, 3.5, 1e16, 9999999999999998.0, 1e15, 123456789.123456789, 1e-4, 1e-5, 0.0001234, 1e22, 1e23, 1e300, 5e-324,
          2.2250738585072014e-308, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 99.995, 0.5, 1234567.891, -0.00001, 100.0, 123.0, 999.9999]
floats += [random.uniform(-1, 1) * 10 ** random.randint(-320, 308) for _ in range(120)]
int_specs = ["", "d", "5", "<5", ">5", "^6", "=6", "05", "+", " ", "-", "+d", " d", "x", "X", "o", "b", "#x", "#X", "#o", "#b", "#010b", "#_b", "_", ",", "_d", ",d", "_x", ",x", "012,",
             "=+12,", "*^15,", "020_", "c", "5c", "+c", "#c", ".2c", "e", ".2f", "g", "%", ".1%", "E", "G", ".2", "s", "zz", "z", "_,", ",_", "é<5", "<<<", "n", "10.", "99999999999999999999", "z.1f", "3d4"]
float_specs = ["", "5", "<12", ">12", "^12", "=12", "012", "+", " ", ".0", ".1", ".2", ".3", ".10", ".17", "e", ".0e", ".3e", "f", ".0f", ".1f", ".2f", ".10f", "g", ".0g", ".3g", ".15g", "G", "E", "F", "%", ".0%", "n",
               ",", "_", ",.2f", "_.3f", "020,.2f", "+.3e", "#.0f", "#g", "#.3g", "z.1f", "z", "d", "x", "s", "=+12.3f", "*^20.4f", ".", "010,", "#", "#.0e", ".99999999999999999999", "#.2", "+010"]
for n in numbers:
    for s in int_specs:
        case("format", format, n, s)
for f in floats[:29]:
    for s in float_specs:
        case("format", format, f, s)
for f in floats:
    case("repr", repr, f)
    case("format", format, f, ".6g")
    case("format", format, f, ".3")
    case("float.hex", float.hex, f)
    for d in (0, 2, -1, 15):
        case("round", round, f, d)
    case("round", round, f)
    case("int", int, f)
    if f == f:
        case("hash", hash, f)
for s in ["", "5", "<5", ">5", "^5", "=5", "+", " ", "#", "z", ".2", "^7.2", "*^9.1", "s", "d", "08", "<08", ",", "_", "é^9", "5s", ".0", "10.3s", "x"]:
    for t in ["", "a", "abcdef", "é日本"]:
        case("format", format, t, s)
for v in (True, False):
    for s in ["", "5", "d", "s", "x", "<6", "5s", ".2f", "zz"]:
        case("format", format, v, s)
for v in (None, [1], (1, 2), {"a": 1}, b"x"):
    case("format", format, v, "5")
    case("format", format, v, "")

templates = [("{} {}", (1, "a")), ("{0}{1}{0}", (1, 2)), ("{}{1}", (1, 2)), ("{1}{}", (1, 2)), ("{", (1,)), ("}", (1,)), ("{0", (1,)), ("{2}", (1,)), ("{!x}", (1,)), ("{!}", (1,)), ("{!r", (1,)),
             ("{!r:>5}|{!s}|{!a}", ("a", "é", "é")), ("{{}}", ()), ("{:{}}", (3, 5)), ("{:{}{}}", (3, ">", 5)), ("{0[1]}", ([1, 2],)), ("{0[a]}", ({"a": 1},)), ("{0[b]}", ({"a": 1},)), ("{0[x]}", ([1],)), ("{0[5]}", ([1],)),
             ("{0[0][1]}", ([[1, 2]],)), ("{0.x}", (1,)), ("{0[}", ([1],)), ("{0[]}", ([1],)), ("{0[0]x}", ([1],)), ("{:,.2f}", (1234567.891,)), ("{:>{}}", ("a",)), ("a{}b{}c", (None, True)), ("{!r:}}", (1,)), ("{a{b}}", (1,)), ("{0!rx}", (1,)),
             ("{:{:{}}}", (1, 2, 3)), ("é{}é", ("日",)), ("{0[1]}", ((1, 2),)), ("{0[9]}", ((1, 2),)), ("{0[1]}", ("xyz",)), ("{:x<5}", (1,))]
for t, a in templates:
    case("str.format", lambda t, a: t.format(*a), t, list(a))
for t, k in [("{a}", {"a": 1}), ("{b}", {"a": 1}), ("{a[b]}", {"a": {"b": 3}}), ("{x:>{w}}", {"x": 1, "w": 6})]:
    case("str.format_map", lambda t, k: t.format(**k), t, k)
percents = [("%d", ["a"]), ("%d", [1, 2]), ("%d %d", [1]), ("%z", [1]), ("%", []), ("%c", ["ab"]), ("%c", [256789999]), ("%x", [1.5]), ("%s", []), ("%d", [1.7]), ("%i", [True]), ("%f", ["a"]), ("%.3s|%5s|%-5s|", ["abcdef", "a", "b"]),
            ("%+d % d %05d %#x %#o", [1, 2, 3, 255, 8]), ("%e %g %G", [1.5, 1e20, 1e-10]), ("%r %a", ["é", "é"]), ("%*d", [5, 3]), ("%-*d|", [5, 3]), ("%*d|", [-5, 3]), ("%.*f", [2, 3.14159]), ("%5.2f|%-8.3e|%08.2f", [1.234, 5.5, -3.14159]),
            ("%d", [[1]]), ("%x", [-255]), ("%#X", [255]), ("%o", [8]), ("%.0f", [2.5]), ("%10.3d|", [5]), ("%-10d|", [5]), ("%+.2e", [0]), ("%g", [100000]), ("%g", [1000000]), ("%#g", [1.0]), ("%c", [65]), ("%s", [None]), ("%%", []), ("%s %s", ["a"]),
            ("%5c|", ["é"]), ("%05s", ["a"]), ("%ld %hd", [1, 2]), ("%s", [[1, "a"]]), ("%-05d|", [3]), ("% 05d", [3]), ("%010.3f", [-1.5]), ("%F", [math.inf]), ("%05f", [math.nan]), ("%u", [3]), ("%é", [1]), ("100%", [])]
for t, a in percents:
    case("percent", lambda t, a: t % tuple(a), t, a)
for t, d in [("%(a)d %(b)s", {"a": 1, "b": "x"}), ("%(c)s", {"a": 1}), ("%(a", {"a": 1}), ("%(a)5.1f|", {"a": 2.25})]:
    case("percent_map", lambda t, d: t % d, t, d)

for s in ["", "0", "12", "-12", "+5", " 12 \n", "1_000", "_1", "1_", "1__0", "12x", "0x1f", "0b1", "٣٤", "9223372036854775807", "-9223372036854775808", "- 1", "0_0", "007", "é", "z", "1e5", "\x00"]:
    for b in (10, 16, 0, 2, 36, 37, 1, 8):
        case("int", int, s, b)
    case("float", float, s)
for s in ["1.5", ".5", "5.", ".", "1e5", "1E-5", "1e", "inf", "-Infinity", "nan", "+nan", "1_0.5_5", "1._5", "1_.5", "0x1p3", "1e400", "-1e400", "1e-400", " 2.5 ", "1.7976931348623157e308", "4.9e-324", "1e+5", "1 2", "infi", "٣.٥", "1e1_0", "--1"]:
    case("float", float, s)
edges = [0, 1, -1, 2, -2, 3, 7, -7, 10, 2**31, -(2**31), 2**53, 2**53 + 1, 2**62 + 1, 2**63 - 1, -(2**63), 123456789012345678]
for a in edges:
    for n, f in (("bin", bin), ("oct", oct), ("hex", hex), ("hash", hash), ("repr", repr)):
        case(n, f, a)
    case("bit_length", int.bit_length, a)
    case("bit_count", int.bit_count, a)
    for d in (0, -1, -2, -5, -18, -19, 3):
        case("round", round, a, d)
    for b in edges:
        case("//", lambda x, y: x // y, a, b)
        case("%", lambda x, y: x % y, a, b)
        case("/", lambda x, y: x / y, a, b)
        for m in (1, 7, -7, 2**61 - 1, 0):
            if -70 < b < 10**6 or a in (0, 1, -1):
                case("powmod", pow, a, b, m)
    for b in (0, 1, 2, 3, 5, 62, 63, 64, -1):
        case("<<", lambda x, y: x << y, a, b)
        case(">>", lambda x, y: x >> y, a, b)
        if b >= 0 or a == 0:
            case("**", lambda x, y: x**y, a, b)
    for f in (0.0, 0.5, -0.5, 1.0, 2.0**53, 2.0**63, -(2.0**63), 1e300, math.inf, math.nan):
        case("compare", lambda x, y: -1 if x < y else 1 if x > y else 0 if x == y else 2, a, f)
for a in floats[:20] + [7.5, -7.5]:
    for b in (0.0, -0.0, 1.0, -1.0, 0.3, -0.3, 2.0, 1e300, math.inf, math.nan, 0.5, 3.0, -3.0):
        for op, f in (("//", lambda x, y: x // y), ("%", lambda x, y: x % y), ("/", lambda x, y: x / y)):
            case(op, f, a, b)
        if not (a < 0 and b != int(b if math.isfinite(b) else 0)):
            case("**", lambda x, y: x**y, a, b)
    for name in ("sqrt exp log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh floor ceil trunc".split()):
        case("math." + name, getattr(math, name), a)
for n in (0, 1, 5, 20, -1):
    case("math.factorial", math.factorial, n)
for n in (0, 1, 15, 16, 2**62, 2**63 - 1, -1):
    case("math.isqrt", math.isqrt, n)
for n, k in ((5, 2), (60, 30), (5, 6), (-1, 2), (5, -1), (0, 0), (62, 31)):
    case("math.comb", math.comb, n, k)

values = [None, True, 1, -5, 1.5, "it's", 'say "x"', "both'\"", b"a\xff'\n", [], [1, "a", None], [[], [[]]], (), (1,), (1, (2, 3)), {}, {"a": [1, {"b": (1,)}], 2: 3.0}, "\u2028\ue000\U0001f600\U000e0001\n\\"]
for v in values:
    case("repr", repr, v)
    case("str", str, v)
    case("ascii", ascii, v)
    case("bool", bool, v)
for a in values:
    for b in values:
        case("==", lambda x, y: x == y, a, b)
        case("<", lambda x, y: x < y, a, b)
for xs in ([3, 1, 2], [2.5, -1.0, 0.0, -0.0], ["b", "a", "é", "B", ""], [[2], [1, 5], [1]], [(2, "a"), (1, "z"), (2, "A")], [True, 0, 0.5], [1, "a"], [random.randint(-50, 50) for _ in range(200)], [random.random() for _ in range(100)]):
    case("sorted", sorted, xs)
    case("sorted_reverse", lambda x: sorted(x, reverse=True), xs)
pairs = [(random.randint(0, 9), i) for i in range(150)]
case("sorted_by_first", lambda x: sorted(x, key=lambda p: p[0]), [list(p) for p in pairs])
case("sorted_by_first_reverse", lambda x: sorted(x, key=lambda p: p[0], reverse=True), [list(p) for p in pairs])

blobs = [b"", b"abc", b"ab\xe2\x82", b"\xff", b"\xe2\x28\xa1", b"\xf0\x9f\x98\x80", b"\xc3\xa9t", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\x80b", b"\xc0\xaf", b"\xe0\x80\x80", b" a b  c ", b"a,b,,c"]
for b in blobs:
    case("bytes.decode", bytes.decode, b)
    case("bytes.decode", bytes.decode, b, "utf-8", "replace")
    case("bytes.decode", bytes.decode, b, "utf-8", "ignore")
    case("bytes.decode", bytes.decode, b, "utf-8", "backslashreplace")
    case("bytes.decode", bytes.decode, b, "ascii")
    case("bytes.decode", bytes.decode, b, "latin-1")
    case("bytes.decode", bytes.decode, b, "nope")
    case("bytes.hex", bytes.hex, b)
    case("bytes.split", bytes.split, b)
    case("bytes.split", bytes.split, b, b",")
    case("bytes.split", bytes.split, b, b",", 1)
    case("bytes.strip", bytes.strip, b)
    case("bytes.replace", bytes.replace, b, b"", b"-")
    case("bytes.replace", bytes.replace, b, b"b", b"BB")
    case("bytes.upper", bytes.upper, b)
    case("bytes.find", bytes.find, b, b"b", 1)
    case("bytes.count", bytes.count, b, b"")
for h in ("", "00ff", "0 0", "0g", "0", "zz", " ab cd "):
    case("bytes.fromhex", bytes.fromhex, h)
for v, n, o, s in ((300, 1, "big", False), (-1, 1, "big", False), (-1, 2, "little", True), (1, -1, "big", False), (1, 1, "x", False), (258, 4, "little", False), (128, 1, "big", True), (-128, 1, "big", True), (-129, 1, "big", True), (0, 0, "big", False), (2**63 - 1, 8, "big", True), (-5, 12, "big", True)):
    case("to_bytes", lambda v, n, o, s: v.to_bytes(n, o, signed=s), v, n, o, s)
for b in (b"", b"\x01\x02", b"\xff", b"\xff\xfe", b"\x7f" + b"\xff" * 7):
    for o in ("big", "little"):
        for s in (True, False):
            case("from_bytes", lambda b, o, s: int.from_bytes(b, o, signed=s), b, o, s)

out = pathlib.Path(__file__).with_name("cpython_cases.json")
out.write_text("[\n" + ",\n".join(json.dumps(c, ensure_ascii=True, separators=(",", ":")) for c in cases) + "\n]\n")
print(len(cases), "cases")
