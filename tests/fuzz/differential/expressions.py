"""Random well-typed expressions. Every maker gives text whose value has the type that was asked for, in CPython and in
Kayton alike; what the two are known to differ in is never written: integers stay far inside 64 bits by interval
arithmetic at generation, sets are only shown sorted, hashes and addresses are not shown.

A type is "int", "float", "bool", "str", "bytes", or a tuple: ("list", T), ("set", T), ("dict", K, V),
("tuple", T1, T2, ...), ("opt", T), ("obj", Class).
"""

from random import Random

WORDS = ["", "a", "b", "ab", "Hello", "world wide", "  pad ", "x,y,,z", "Straße", "naïve", "日本語", "tab\there", "line\nbreak", "it's", 'say "hi"',
         "back\\slash", "0", "42", "-7", "3.14", "UPPER", "mixed Case", "a-b_c", "ÀÉ", "ﬁ", "🐍", "{}", "100%", "aaa", "Ǆ", "\x00", "½"]
SIMPLE = ["int", "float", "bool", "str"]
HASHABLE = ["int", "str", "bool"]
STORED = 10 ** 4  # of integers in variables and containers
LONG = 10 ** 6    # of lengths


class Scope:
    """Names that may be read here, with their types; integers also with the largest magnitude they may have."""

    def __init__(self, outer: "Scope | None" = None):
        self.names: dict[str, tuple] = dict(outer.names) if outer else {}
        self.functions: list[tuple] = list(outer.functions) if outer else []  # name, parameter types, result type
        self.classes: dict[str, "ClassShape"] = outer.classes if outer else {}
        self.frozen: set[str] = set(outer.frozen) if outer else set()  # not to be assigned: someone iterates over them

    def add(self, name: str, type_, bound: int = STORED) -> None:
        self.names[name] = (type_, bound)

    def of(self, type_) -> list[str]:
        return [name for name, (t, bound) in self.names.items() if t == type_ and bound <= STORED]


class ClassShape:
    """What a generated class offers."""

    def __init__(self, name: str, fields: list, base: "ClassShape | None"):
        self.name, self.fields, self.base = name, fields, base
        self.methods: list[tuple] = list(base.methods) if base else []  # name, parameter types, result type
        self.operators: set[str] = set(base.operators) if base else set()


class Expressions:
    def __init__(self, random: Random):
        self.random = random
        self.fresh = 0
        self.comprehending = 0

    def name(self, prefix: str) -> str:
        self.fresh += 1
        return f"{prefix}{self.fresh}"

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def type(self, depth: int = 2, hashable: bool = False):
        r = self.random
        if hashable:
            return r.choice(HASHABLE) if depth <= 0 or self.chance(0.8) else ("tuple", *(r.choice(HASHABLE) for _ in range(r.randint(1, 3))))
        if depth <= 0 or self.chance(0.5):
            return r.choice(SIMPLE + ["int", "str", "bytes"][: 2 + self.chance(0.3)])
        kind = r.choice(["list", "list", "dict", "set", "tuple", "opt"])
        if kind == "list":
            return ("list", self.type(depth - 1))
        if kind == "set":
            return ("set", self.type(0, True))
        if kind == "dict":
            return ("dict", self.type(1, True), self.type(depth - 1))
        if kind == "tuple":
            return ("tuple", *(self.type(depth - 1) for _ in range(r.randint(1, 3))))
        return ("opt", r.choice(SIMPLE))

    # --- any type

    def of(self, type_, scope: Scope, depth: int) -> str:
        r = self.random
        known = scope.of(type_)
        if known and self.chance(0.45 if depth > 0 else 0.7):
            return r.choice(known)
        if depth > 0 and self.chance(0.12):
            calls = [f for f in scope.functions if f[2] == type_]
            if calls:
                name, parameters, _ = r.choice(calls)
                return f"{name}({', '.join(self.of(p, scope, depth - 2) for p in parameters)})"
        if depth > 1 and self.chance(0.06):
            return f"({self.of(type_, scope, depth - 1)} if {self.bool(scope, depth - 1)} else {self.of(type_, scope, depth - 1)})"
        if depth > 0 and self.chance(0.1):
            part = self.part(type_, scope, depth)
            if part:
                return part
        if isinstance(type_, str):
            if type_ == "int":
                return self.int(scope, depth, STORED)
            return getattr(self, type_)(scope, depth)
        return getattr(self, type_[0])(type_, scope, depth)

    def part(self, type_, scope: Scope, depth: int) -> str:
        """An element of something in scope that has the type, or nothing."""
        r = self.random
        found = []
        for name, (t, _) in scope.names.items():
            if isinstance(t, str):
                continue
            if t[0] == "list" and t[1] == type_:
                found.append(f"{name}[{r.choice(['0', '-1', '1', 'len(' + name + ') // 2'])}]")
            elif t[0] == "dict" and t[2] == type_:
                key = self.of(t[1], scope, 0)
                found.append(f"{name}[{key}]")
                found.append(f"{name}.get({key}, {self.of(type_, scope, 0)})")
            elif t[0] == "tuple":
                found.extend(f"{name}[{i}]" for i, m in enumerate(t[1:]) if m == type_)
            elif t[0] == "obj":
                shape = scope.classes[t[1]]
                found.extend(f"{name}.{field}" for field, m in shape.fields if m == type_)
                found.extend(f"{name}.{method}({', '.join(self.of(p, scope, 0) for p in parameters)})"
                             for method, parameters, result in shape.methods if result == type_)
        return r.choice(found) if found else ""

    # --- numbers

    def int(self, scope: Scope, depth: int, limit: int) -> str:
        """Of a magnitude of at most `limit`."""
        r = self.random
        if depth <= 0 or limit < 4:
            known = [n for n, (t, bound) in scope.names.items() if t == "int" and bound <= limit]
            if known and self.chance(0.5):
                return r.choice(known)
            value = r.choice([0, 1, 2, 3, 5, 7, 10, 64, 255, 1000, limit, r.randint(0, limit)])
            value = min(value, limit)
            text = r.choice([str(value)] * 6 + [hex(value), f"{value:_}", bin(value), oct(value)])
            return f"(-{text})" if self.chance(0.25) else text
        d = depth - 1
        half, root = limit // 2, int(limit ** 0.5)
        made = [
            lambda: f"({self.int(scope, d, half)} + {self.int(scope, d, half)})",
            lambda: f"({self.int(scope, d, half)} - {self.int(scope, d, half)})",
            lambda: f"({self.int(scope, d, root)} * {self.int(scope, d, root)})",
            lambda: f"({self.int(scope, d, limit)} // {self.divisor(scope, d)})",
            lambda: f"({self.int(scope, d, 10 ** 12)} % {self.divisor(scope, d, limit)})",
            lambda: f"({self.int(scope, d, half // 2)} {r.choice('&|^')} {self.int(scope, d, half // 2)})",
            lambda: f"({self.int(scope, d, limit)} >> {self.of_range(scope, 0, 70)})",
            lambda: f"(~{self.int(scope, d, limit - 1)})",
            lambda: f"(-{self.int(scope, d, limit)})",
            lambda: f"(+{self.int(scope, d, limit)})",
            lambda: f"abs({self.int(scope, d, limit)})",
            lambda: f"{r.choice(['min', 'max'])}({self.int(scope, d, limit)}, {self.int(scope, d, limit)})",
            lambda: f"(({(w := self.name('w'))} := {self.int(scope, d, half)}) + {w})" if not self.comprehending else f"int({self.bool(scope, d)})",
            lambda: f"int({self.bool(scope, d)})",
            lambda: f"({self.bool(scope, d)} + {self.int(scope, d, half)})",
            lambda: f"int('{r.choice(['', '-', '+', ' '])}{r.randint(0, min(limit, 999))}')",
            lambda: f"int('{r.randint(0, min(limit, 255)):x}', 16)",
            lambda: f"divmod({self.int(scope, d, limit)}, {self.divisor(scope, d, limit)})[{r.randint(0, 1)}]",
            lambda: f"({self.int(scope, d, limit)} if {self.bool(scope, d)} else {self.int(scope, d, limit)})",
            lambda: f"pow({self.int(scope, d, 1000)}, {self.of_range(scope, 0, 12)}, {r.randint(1, max(1, min(limit, 10007)))})",
            lambda: f"({self.int(scope, d, limit)}).bit_length()" if limit >= 64 else "0",
        ]
        if limit >= 100:
            made.append(lambda: f"({self.int(scope, d, 3)} ** {r.randint(0, 4)})")
            made.append(lambda: f"({self.int(scope, d, limit >> 6)} << {self.of_range(scope, 0, 5)})")
            made.append(lambda: f"round({self.small_float(scope, d)})")
            made.append(lambda: f"int({self.small_float(scope, d)})")
        if limit >= LONG:
            made += [
                lambda: f"len({self.of(self.sized(), scope, d)})",
                lambda: f"{self.str(scope, d)}.{r.choice(['count', 'find', 'rfind'])}({self.str(scope, 0)})",
                lambda: f"{self.str(scope, d)}.{r.choice(['index', 'rindex'])}({self.str(scope, 0)})",
                lambda: f"{self.of(('list', 'int'), scope, d)}.count({self.int(scope, 0, STORED)})",
                lambda: f"ord({self.char(scope)})",
                lambda: f"{self.bytes(scope, d)}.count(b'a')",
            ]
        if limit >= STORED:
            made += [
                lambda: f"{r.choice(['min', 'max'])}({self.of(('list', 'int'), scope, d)}, default={self.int(scope, 0, STORED)})",
                lambda: f"{r.choice(['min', 'max'])}({self.of(('list', 'int'), scope, d)})",
                lambda: f"{self.of(('list', 'int'), scope, d)}[{self.of_range(scope, -3, 3)}]",
                lambda: f"{self.of(('dict', 'str', 'int'), scope, d)}.get({self.str(scope, 0)}, {self.int(scope, 0, STORED)})",
            ]
        if limit >= STORED * LONG:
            made.append(lambda: f"sum({self.of(('list', 'int'), scope, d)})")
            made.append(lambda: f"sum({self.generator('int', scope, d)})")
        return r.choice(made)()

    def divisor(self, scope: Scope, depth: int, limit: int = STORED) -> str:
        value = self.int(scope, depth, limit)
        return value if self.chance(0.05) else f"({value} or {self.random.randint(1, max(1, min(limit, 97)))})"

    def of_range(self, scope: Scope, low: int, high: int) -> str:
        return str(self.random.randint(low, high))

    def float(self, scope: Scope, depth: int) -> str:
        r = self.random
        if depth <= 0:
            known = scope.of("float")
            if known and self.chance(0.5):
                return r.choice(known)
            text = r.choice(["0.0", "1.0", "0.5", "2.5", "0.1", "1e3", "1e-5", "1.5e16", "123456.789", "1e100", "3.0", "7.25", "1e22", "0.3", "9.999",
                             f"{r.uniform(0, 100):.3f}", repr(r.uniform(0, 1e6)), "float('inf')", "float('nan')", "5e-324"][: 18 + self.chance(0.1) * 2])
            return f"(-{text})" if self.chance(0.3) else text
        d = depth - 1
        number = lambda: self.float(scope, d) if self.chance(0.7) else self.int(scope, d, 10 ** 12)
        return r.choice([
            lambda: f"({self.float(scope, d)} {r.choice('+-*')} {number()})",
            lambda: f"({number()} {r.choice('+-*')} {self.float(scope, d)})",
            lambda: f"({number()} / {number()})",
            lambda: f"({self.int(scope, d, 10 ** 12)} / {self.divisor(scope, d)})",
            lambda: f"({self.float(scope, d)} {r.choice(['//', '%'])} {number()})",
            lambda: f"(abs({self.small_float(scope, d)}) ** {r.choice(['0.5', '2', '1.5', '3', '(-1)', '0.0'])})",
            lambda: f"(-{self.float(scope, d)})",
            lambda: f"abs({self.float(scope, d)})",
            lambda: f"float({self.int(scope, d, 10 ** 15)})",
            lambda: f"float('{r.choice(['1.5', '-2', ' 3e2 ', 'inf', '1_0.5', '-0.0'])}')",
            lambda: f"round({self.small_float(scope, d)}, {r.randint(-2, 5)})",
            lambda: f"{r.choice(['min', 'max'])}({self.small_float(scope, d)}, {self.small_float(scope, d)})",
            lambda: f"sum({self.of(('list', 'float'), scope, d)}, 0.0)",
            lambda: f"({self.float(scope, d)} if {self.bool(scope, d)} else {self.float(scope, d)})",
            lambda: f"divmod({self.small_float(scope, d)}, {self.small_float(scope, d)})[{r.randint(0, 1)}]",
            lambda: f"({self.int(scope, d, 20)} ** -{r.randint(1, 3)})",
        ])()

    def small_float(self, scope: Scope, depth: int) -> str:
        """Within STORED, never nan."""
        r = self.random
        return r.choice([
            lambda: f"{r.choice(['', '-'])}{r.choice(['0.5', '1.5', '2.5', '2.675', '0.125', '99.995', '1e-7', '0.0', '1234.5678'])}",
            lambda: f"({self.int(scope, depth - 1, 1000)} / {r.choice([2, 3, 4, 7, 8, 10, 100])})",
            lambda: f"({self.int(scope, depth - 1, 100)} * {r.choice(['0.1', '0.5', '1.1'])})",
        ])()

    def bool(self, scope: Scope, depth: int) -> str:
        r = self.random
        if depth <= 0:
            known = scope.of("bool")
            return r.choice(known) if known and self.chance(0.5) else r.choice(["True", "False"])
        d = depth - 1

        def compared(kind):
            value = (lambda: self.int(scope, d, 10 ** 15)) if kind == "int" else (lambda: self.of(kind, scope, d))
            return f"({value()} {r.choice(['==', '!=', '<', '<=', '>', '>='])} {value()})"

        def chained(kind):
            return "(" + f" {r.choice(['<', '<=', '==', '>', '!='])} ".join(self.of(kind, scope, d) for _ in range(3)) + ")"

        return r.choice([
            lambda: compared("int"), lambda: compared("float"), lambda: compared("str"), lambda: compared(("list", "int")),
            lambda: compared(("tuple", "int", "str")),
            lambda: f"({self.int(scope, d, 10 ** 15)} {r.choice(['==', '<', '>='])} {self.float(scope, d)})",
            lambda: chained("int"), lambda: chained("str"),
            lambda: f"({self.bool(scope, d)} {r.choice(['and', 'or'])} {self.bool(scope, d)})",
            lambda: f"({self.bool(scope, d)} {r.choice('&|^')} {self.bool(scope, d)})",
            lambda: f"(not {self.bool(scope, d)})",
            lambda: f"bool({self.of(self.type(1), scope, d)})",
            lambda: f"({self.str(scope, d)} {r.choice(['in', 'not in'])} {self.str(scope, d)})",
            lambda: f"({self.int(scope, d, STORED)} {r.choice(['in', 'not in'])} {self.of(r.choice([('list', 'int'), ('set', 'int'), ('dict', 'int', 'str')]), scope, d)})",
            lambda: f"{self.str(scope, d)}.{r.choice(['isalpha', 'isdigit', 'isnumeric', 'isdecimal', 'isalnum', 'isspace', 'isupper', 'islower', 'istitle', 'isidentifier', 'isprintable', 'isascii'])}()",
            lambda: f"{self.str(scope, d)}.{r.choice(['startswith', 'endswith'])}({r.choice([self.literal(), '(' + self.literal() + ', ' + self.literal() + ')'])})",
            lambda: f"{r.choice(['any', 'all'])}({self.of(('list', 'bool'), scope, d)})",
            lambda: f"{r.choice(['any', 'all'])}({self.generator('bool', scope, d)})",
            lambda: f"{self.of(('set', 'int'), scope, d)}.{r.choice(['issubset', 'issuperset', 'isdisjoint'])}({self.of(('set', 'int'), scope, d)})",
            lambda: f"({self.of(('set', 'str'), scope, d)} {r.choice(['<=', '<', '==', '>', '!='])} {self.of(('set', 'str'), scope, d)})",
            lambda: f"({self.of(('opt', 'int'), scope, d)} is {r.choice(['', 'not '])}None)",
            lambda: f"isinstance({self.of(self.type(1), scope, d)}, {r.choice(['int', 'str', '(int, float)', 'list', 'dict', 'bool'])})",
            lambda: f"({self.float(scope, d)}).is_integer()",
        ])()

    # --- text

    def literal(self) -> str:
        text = self.random.choice(WORDS)
        return repr(text)

    def char(self, scope: Scope) -> str:
        return repr(self.random.choice(["a", "Z", "0", " ", "é", "日", "🐍", "~"]))

    def str(self, scope: Scope, depth: int) -> str:
        r = self.random
        if depth <= 0:
            known = scope.of("str")
            return r.choice(known) if known and self.chance(0.5) else self.literal()
        d = depth - 1
        s = lambda: self.str(scope, d)
        small = lambda: str(r.randint(0, 12))
        return r.choice([
            lambda: f"({s()} + {s()})",
            lambda: f"({s()} * {r.randint(-1, 3)})",
            lambda: f"({r.randint(0, 3)} * {s()})",
            lambda: f"{s()}{self.subscript(scope)}",
            lambda: f"{s()}{self.slice(scope)}",
            lambda: f"{s()}{self.slice(scope)}",
            lambda: f"{s()}.{r.choice(['upper', 'lower', 'title', 'capitalize', 'swapcase', 'casefold', 'strip', 'lstrip', 'rstrip', 'expandtabs'])}()",
            lambda: f"{s()}.{r.choice(['strip', 'lstrip', 'rstrip', 'removeprefix', 'removesuffix'])}({self.literal()})",
            lambda: f"{s()}.{r.choice(['center', 'ljust', 'rjust'])}({small()}{r.choice(['', ', ' + self.char(scope)])})",
            lambda: f"{s()}.zfill({small()})",
            lambda: f"{s()}.replace({self.literal()}, {self.literal()}{r.choice(['', ', 1', ', -1'])})",
            lambda: f"{self.literal()}.join({self.of(('list', 'str'), scope, d)})",
            lambda: f"{self.literal()}.join({self.generator('str', scope, d)})",
            lambda: f"{r.choice(['str', 'repr', 'ascii'])}({self.of(self.shown(), scope, d)})",
            lambda: f"{r.choice(['hex', 'bin', 'oct'])}({self.int(scope, d, 10 ** 15)})",
            lambda: f"chr({r.choice(['65', '97', '233', '8364', '128013'])})",
            lambda: self.fstring(scope, d),
            lambda: self.fstring(scope, d),
            lambda: self.format_call(scope, d),
            lambda: self.percent(scope, d),
            lambda: f"format({self.int(scope, d, 10 ** 12)}, '{self.int_spec()}')",
            lambda: f"format({self.float(scope, d)}, '{self.float_spec()}')",
            lambda: f"{s()}.{r.choice(['partition', 'rpartition'])}({r.choice([repr(' '), repr(','), repr('a'), repr('-')])})[{r.randint(0, 2)}]",
            lambda: f"({s()} {r.choice(['or', 'and'])} {s()})",
            lambda: f"({s()} if {self.bool(scope, d)} else {s()})",
            lambda: f"{s()}.translate(str.maketrans('ab', 'xy'))",
            lambda: f"{s()}.encode().decode()",
            lambda: f"{r.choice(['min', 'max'])}({s()}, {s()})",
            lambda: f"type({self.of(self.shown(), scope, d)}).__name__",
            lambda: f"''.join({r.choice(['sorted', 'reversed'])}({s()}))",
        ])()

    def shown(self):
        """A type whose text is the same in both: sets of one element type are not, where they hold more than one."""
        r = self.random
        return r.choice(["int", "float", "bool", "str", "bytes", ("list", "int"), ("list", "str"), ("list", "float"), ("dict", "str", "int"),
                         ("tuple", "int", "str"), ("tuple", "float"), ("list", ("tuple", "int", "str")), ("opt", "int"), ("opt", "str"),
                         ("dict", "int", ("list", "str")), ("list", ("list", "int")), ("list", "bool"), ("list", ("opt", "int"))])

    def sized(self):
        return self.random.choice(["str", "bytes", ("list", "int"), ("list", "str"), ("dict", "str", "int"), ("set", "int"), ("tuple", "int", "str")])

    def subscript(self, scope: Scope) -> str:
        return f"[{self.random.randint(-4, 4)}]" if self.chance(0.2) else f"[{self.random.randint(0, 6)}:][:1]"

    def slice(self, scope: Scope) -> str:
        r = self.random
        part = lambda: r.choice(["", "", str(r.randint(-6, 6)), str(r.randint(0, 3))])
        step = r.choice(["", "", ":", ":-1", ":2", ":-2", ":3"])
        return f"[{part()}:{part()}{step}]"

    def int_spec(self) -> str:
        r = self.random
        fill = r.choice(["", "", "<", ">", "^", "=", "*>", "0<", "é^"])
        sign = r.choice(["", "", "+", "-", " "])
        kind = r.choice(["", "d", "x", "X", "o", "b", "e", ".2f", "g", "%"])
        alternate = "#" if kind in ("x", "X", "o", "b") and self.chance(0.4) else ""
        zero = r.choice(["", "0"]) if fill == "" else ""
        group = r.choice(["", ",", "_"]) if kind in ("", "d") else r.choice(["", "_"]) if kind in ("x", "X", "o", "b") else ""
        return f"{fill}{sign}{alternate}{zero}{r.choice(['', '8', '12'])}{group}{kind}"

    def float_spec(self) -> str:
        r = self.random
        fill = r.choice(["", "", "<", ">", "^", "=", "*>", "_^"])
        sign = r.choice(["", "", "+", " "])
        zero = r.choice(["", "0"]) if fill == "" else ""
        precision = r.choice(["", ".0", ".1", ".3", ".10"])
        return f"{fill}{sign}{r.choice(['', '', '#'])}{zero}{r.choice(['', '10', '15'])}{r.choice(['', ',', '_'])}{precision}{r.choice(['', 'e', 'E', 'f', 'F', 'g', 'G', '%'])}"

    def str_spec(self) -> str:
        r = self.random
        return f"{r.choice(['', '<', '>', '^', '*^', '日>'])}{r.choice(['', '6', '10'])}{r.choice(['', '.2', '.0', '.5'])}{r.choice(['', 's'])}"

    def quoted(self, expression: str) -> str:
        """Whether an expression may stand in an f-string of 3.11: no quote of its kind, no backslash."""
        return "" if "\\" in expression or '"' in expression or "\n" in expression or "#" in expression or "!" in expression or ":=" in expression or "lambda" in expression else expression

    def fstring(self, scope: Scope, depth: int) -> str:
        r = self.random
        parts = []
        for _ in range(r.randint(1, 3)):
            parts.append(r.choice(["", "x", " ", "{{", "}}", "é", "=", "->"]))
            kind = r.choice(["int", "float", "str", "any"])
            value = self.int(scope, depth, 10 ** 12) if kind == "int" else self.of(self.shown() if kind == "any" else kind, scope, depth)
            value = self.quoted(value) or {"int": "7", "float": "2.5", "str": "'s'", "any": "[1]"}[kind]
            if value.startswith("{"):
                value = f" {value}"
            tail = {"int": f":{self.int_spec()}", "float": f":{self.float_spec()}", "str": f":{self.str_spec()}", "any": r.choice(["!r", "!s", "", "!r:>20"])}[kind]
            if kind == "str" and self.chance(0.3):
                tail = r.choice(["!r", "!a", "!r:>12", ":>{3 + 4}"])
            if self.chance(0.15):
                tail = r.choice(["=", " = ", "=!r"])
            parts.append("{" + f"({value})" * (":" in value or "=" in value) + value * (":" not in value and "=" not in value) + tail + "}")
        return 'f"' + "".join(parts) + '"'

    def format_call(self, scope: Scope, depth: int) -> str:
        r = self.random
        return r.choice([
            lambda: f"'{{}}-{{}}'.format({self.int(scope, depth, STORED)}, {self.str(scope, depth)})",
            lambda: f"'{{1}}{{0!r:>8}}'.format({self.str(scope, depth)}, {self.float(scope, depth)})",
            lambda: f"'{{a:{self.int_spec()}}}|{{b:{self.str_spec()}}}'.format(a={self.int(scope, depth, 10 ** 12)}, b={self.str(scope, depth)})",
            lambda: f"'{{:{self.float_spec()}}}'.format({self.float(scope, depth)})",
            lambda: f"'{{0[1]}} {{0[0]}}'.format({self.of(('tuple', 'int', 'str'), scope, depth)})",
            lambda: f"'{{:>{{}}}}'.format({self.str(scope, depth)}, {r.randint(0, 12)})",
        ])()

    def percent(self, scope: Scope, depth: int) -> str:
        r = self.random
        flags = lambda: r.choice(["", "-", "0", "+", " ", "#"]) + r.choice(["", "5", "10"])
        return r.choice([
            lambda: f"('%{flags()}{r.choice('dixXo')}' % {self.int(scope, depth, 10 ** 12)})",
            lambda: f"('%{flags()}{r.choice(['', '.0', '.2', '.8'])}{r.choice('eEfFgG')}|' % {self.float(scope, depth)})",
            lambda: f"('%{r.choice(['', '-8', '8', '.2'])}s|%r' % ({self.str(scope, depth)}, {self.of(self.shown(), scope, depth)}))",
            lambda: f"('%c%%%c' % ({r.choice([65, 233])}, {self.char(scope)}))",
            lambda: f"('%(a)s %(b)05d' % {{'a': {self.int(scope, depth, 99)}, 'b': {self.int(scope, depth, 99)}}})",
            lambda: f"('%*d|%s' % ({r.randint(-6, 8)}, {self.int(scope, depth, STORED)}, {self.of(('list', 'int'), scope, depth)}))",
        ])()

    def bytes(self, scope: Scope, depth: int) -> str:
        r = self.random
        if depth <= 0:
            known = scope.of("bytes")
            return r.choice(known) if known and self.chance(0.5) else r.choice(["b''", "b'abc'", "b'\\x00\\xff'", "b'a b'", "b'it\\'s'"])
        d = depth - 1
        b = lambda: self.bytes(scope, d)
        return r.choice([
            lambda: f"({b()} + {b()})", lambda: f"({b()} * {r.randint(0, 3)})", lambda: f"{b()}{self.slice(scope)}", lambda: f"{self.str(scope, d)}.encode()",
            lambda: f"bytes([{', '.join(str(r.randint(0, 255)) for _ in range(3))}])", lambda: f"{b()}.{r.choice(['upper', 'lower', 'strip'])}()",
            lambda: f"{b()}.replace(b'a', b'xyz')", lambda: f"bytes({r.randint(0, 4)})",
        ])()

    # --- containers

    def items(self, type_, scope: Scope, depth: int, least: int = 0) -> list[str]:
        return [self.of(type_, scope, depth - 1) for _ in range(self.random.randint(least, 4))]

    def element(self, scope: Scope, type_, depth: int):
        """For a comprehension: a clause and the scope inside it."""
        r = self.random
        inner = Scope(scope)
        name = self.name("i")
        source = r.choice(["range", "list", "str", "enumerate", "zip", "dict"])
        d = max(0, depth - 1)
        if source == "range":
            inner.add(name, "int", 20)
            over = f"for {name} in range({r.choice(['', str(r.randint(-3, 3)) + ', '])}{r.randint(0, 8)})"
        elif source == "str":
            inner.add(name, "str")
            over = f"for {name} in {self.str(scope, min(d, 1))}"
        elif source == "enumerate":
            other = self.name("i")
            inner.add(name, "int", 10 ** 5)
            inner.add(other, "str")
            over = f"for {name}, {other} in enumerate({self.of(('list', 'str'), scope, min(d, 1))}{r.choice(['', ', 1', ', start=5'])})"
        elif source == "zip":
            other = self.name("i")
            inner.add(name, "int")
            inner.add(other, "str")
            over = f"for {name}, {other} in zip({self.of(('list', 'int'), scope, min(d, 1))}, {self.of(('list', 'str'), scope, min(d, 1))})"
        elif source == "dict":
            other = self.name("i")
            inner.add(name, "str")
            inner.add(other, "int")
            over = f"for {name}, {other} in {self.of(('dict', 'str', 'int'), scope, min(d, 1))}.items()"
        else:
            inner.add(name, "int")
            over = f"for {name} in {self.of(('list', 'int'), scope, min(d, 1))}"
        if self.chance(0.35):
            over += f" if {self.inside(lambda: self.bool(inner, min(d, 2)))}"
        return over, inner

    def inside(self, make):
        self.comprehending += 1
        try:
            return make()
        finally:
            self.comprehending -= 1

    def generator(self, type_, scope: Scope, depth: int) -> str:
        def make():
            over, inner = self.element(scope, type_, depth)
            if self.chance(0.15):
                more, inner = self.element(inner, type_, 0)
                over += " " + more
            return f"{self.of(type_, inner, max(0, depth - 1))} {over}"
        return self.inside(make)

    def list(self, type_, scope: Scope, depth: int) -> str:
        r = self.random
        inner = type_[1]
        if depth <= 0:
            known = scope.of(type_)
            if known and self.chance(0.6):
                return r.choice(known)
            return "[" + ", ".join(self.items(inner, scope, 0, 1)) + "]"
        d = depth - 1
        other = lambda: self.of(type_, scope, d)
        made = [
            lambda: "[" + ", ".join(self.items(inner, scope, depth, 1)) + "]",
            lambda: "[" + ", ".join(self.items(inner, scope, depth, 1)) + f", *{other()}]",
            lambda: f"[{self.generator(inner, scope, depth)}]",
            lambda: f"({other()} + {other()})",
            lambda: f"({other()} * {r.randint(-1, 3)})",
            lambda: f"{other()}{self.slice(scope)}",
            lambda: f"list({r.choice(['reversed', 'tuple', 'list', 'iter'])}({other()}))",
            lambda: f"{other()}.copy()",
            lambda: f"list(filter(lambda q: {r.choice(['bool(q)', 'not q', 'q is not None'])}, {other()}))",
        ]
        if inner in ("int", "str", "bool") or inner == ("tuple", "int", "str") or inner == ("list", "int"):
            made.append(lambda: f"sorted({other()}{r.choice(['', ', reverse=True'])})")
        if inner in ("int", "str", "float"):
            key = {"int": r.choice(["-q", "q % 3", "str(q)", "(q % 2, -q)"]), "str": r.choice(["len(q)", "q.lower()", "(len(q), q)", "q[::-1]"]), "float": "str(q)"}[inner]
            made.append(lambda: f"sorted({other()}, key=lambda q: {key}{r.choice(['', ', reverse=True'])})")
        if inner == "int":
            made.append(lambda: f"list(range({r.choice(['', str(r.randint(-5, 5)) + ', '])}{r.randint(0, 9)}))")
            made.append(lambda: f"list(range({r.randint(5, 9)}, {r.randint(-5, 4)}, -{r.randint(1, 3)}))")
            made.append(lambda: f"list(map(lambda q: q {r.choice(['//', '%'])} 3, {other()}))")
            made.append(lambda: f"list({self.bytes(scope, d)})")
        if inner == "str":
            made.append(lambda: f"{self.str(scope, d)}.{r.choice(['split', 'rsplit'])}({r.choice(['', repr(','), repr(' '), repr('a') + ', 1', 'None, 1'])})")
            made.append(lambda: f"{self.str(scope, d)}.splitlines({r.choice(['', 'True'])})")
            made.append(lambda: f"list({self.str(scope, d)})")
            made.append(lambda: f"list(map(str, {self.of(('list', 'int'), scope, d)}))")
            made.append(lambda: f"sorted({self.of(('set', 'str'), scope, d)})")
            made.append(lambda: f"list({self.of(('dict', 'str', 'int'), scope, d)})")
        if inner == ("tuple", "int", "str"):
            made.append(lambda: f"list(zip({self.of(('list', 'int'), scope, d)}, {self.of(('list', 'str'), scope, d)}))")
            made.append(lambda: f"list(enumerate({self.of(('list', 'str'), scope, d)}))")
            made.append(lambda: f"list({self.of(('dict', 'int', 'str'), scope, d)}.items())")
        return r.choice(made)()

    def set(self, type_, scope: Scope, depth: int) -> str:
        r = self.random
        inner = type_[1]
        if depth <= 0:
            known = scope.of(type_)
            if known and self.chance(0.6):
                return r.choice(known)
            return "{" + ", ".join(self.items(inner, scope, 0, 1)) + "}"
        d = depth - 1
        other = lambda: self.of(type_, scope, d)
        return r.choice([
            lambda: "{" + ", ".join(self.items(inner, scope, depth, 1)) + "}",
            lambda: f"{{{self.generator(inner, scope, depth)}}}",
            lambda: f"({other()} {r.choice('|&-^')} {other()})",
            lambda: f"set({self.of(('list', inner), scope, d)})",
            lambda: f"{other()}.{r.choice(['union', 'intersection', 'difference', 'symmetric_difference'])}({other()})",
        ])()

    def dict(self, type_, scope: Scope, depth: int) -> str:
        r = self.random
        key, value = type_[1], type_[2]
        pairs = lambda d: ", ".join(f"{self.of(key, scope, d - 1)}: {self.of(value, scope, d - 1)}" for _ in range(r.randint(1, 3)))
        if depth <= 0:
            known = scope.of(type_)
            if known and self.chance(0.6):
                return r.choice(known)
            return "{" + pairs(0) + "}"
        d = depth - 1
        other = lambda: self.of(type_, scope, d)

        def comprehension():
            def make():
                over, inner = self.element(scope, key, depth)
                return f"{{{self.of(key, inner, d)}: {self.of(value, inner, d)} {over}}}"
            return self.inside(make)

        return r.choice([
            lambda: "{" + pairs(depth) + "}", lambda: "{" + pairs(depth) + f", **{other()}" + "}", comprehension, lambda: f"({other()} | {other()})",
            lambda: f"dict(zip({self.of(('list', key), scope, d)}, {self.of(('list', value), scope, d)}))",
            lambda: f"dict.fromkeys({self.of(('list', key), scope, d)}, {self.of(value, scope, d)})",
            lambda: f"{other()}.copy()",
            lambda: f"dict(sorted({other()}.items(), key=lambda q: str(q[0])))" if key != "float" else other(),
        ])()

    def tuple(self, type_, scope: Scope, depth: int) -> str:
        if depth <= 0:
            known = scope.of(type_)
            if known and self.chance(0.6):
                return self.random.choice(known)
        return "(" + ", ".join(self.of(t, scope, depth - 1) for t in type_[1:]) + ",)"

    def opt(self, type_, scope: Scope, depth: int) -> str:
        r = self.random
        known = scope.of(type_)
        if known and self.chance(0.5):
            return r.choice(known)
        if type_[1] in ("int", "str", "float") and depth > 0:
            return r.choice([f"{self.of(('dict', 'str', type_[1]), scope, depth - 1)}.get({self.str(scope, 0)})",
                             f"next(iter({self.of(('list', type_[1]), scope, depth - 1)}), None)"])
        return f"({self.of(type_[1], scope, depth - 1)} if {self.bool(scope, depth)} else None)"

    def obj(self, type_, scope: Scope, depth: int) -> str:
        known = scope.of(type_)
        if known and self.chance(0.6):
            return self.random.choice(known)
        shape = scope.classes[type_[1]]
        if depth > 0 and "+" in shape.operators and self.chance(0.3):
            return f"({self.obj(type_, scope, depth - 1)} + {self.obj(type_, scope, depth - 1)})"
        return f"{shape.name}({', '.join(self.of(t, scope, depth - 1) for _, t in shape.fields)})"
