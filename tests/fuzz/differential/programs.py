"""Random programs of a few dozen statements: functions, classes, generators and one main function that prints all it
makes. A program is text; its names end in its number, so that many programs make one file.
"""

from random import Random

from expressions import STORED, ClassShape, Expressions, Scope

RAISING = ["int('x')", "[1, 2][5]", "{'a': 1}['b']", "1 // zero", "1 % zero", "1.0 / zero", "'abc'.index('z')", "[1].remove(2)", "{1}.remove(2)",
           "next(iter([9][1:]))", "float('x.y')", "chr(-1)", "int('12', 1)", "''[0]", "(1, 2)[zero - 3]", "[][0:1][zero]", "max([1][1:])",
           "divmod(5, zero)", "pow(0, -1 - zero)", "'{:d}'.format(3)[5]", "dict([(1, 2)]).pop(3)", "set([1][1:]).pop()", "[1][1:].pop()",
           "bytes([300 + zero])", "'a'.encode('ascii').decode('ascii')[4]", "round(float('nan') * (zero + 1))", "int(float('inf') * (zero + 1))",
           "[1, 2, 3].index(7)", "(1, 2).index(3)", "b'abc'[9]", "range(3)[7]", "'x'.join(['a'])[3]", "2.0 ** 10000", "b'\\xff'.decode()"]
ERRORS = ["ValueError", "KeyError", "IndexError", "ZeroDivisionError", "RuntimeError", "TypeError", "OSError", "LookupError", "ArithmeticError",
          "NotImplementedError", "AssertionError", "StopIteration"]


class Program:
    def __init__(self, seed: int, index: int):
        self.random = Random(f"{seed}:{index}")
        self.make = Expressions(self.random)
        self.number = index
        self.lines: list[str] = []
        self.depth = 0
        self.outer = Scope()
        self.classes: list[ClassShape] = []
        self.loops = 0
        self.can_return = None  # the type a function at hand returns
        self.budget = 0

    def text(self) -> str:
        for _ in range(self.random.choice([0, 0, 1, 1, 2])):
            self.define_class()
        for _ in range(self.random.choice([0, 1, 1, 2])):
            self.define_function()
        if self.chance(0.25):
            self.define_generator()
        self.put(f"def main{self.number}():")
        with self.block():
            scope = Scope(self.outer)
            self.put("zero = 0")
            self.budget = self.random.randint(6, 14)
            while self.budget > 0:
                self.statement(scope)
            self.show_all(scope)
        return "\n".join(self.lines) + "\n"

    # --- writing

    def put(self, line: str) -> None:
        self.lines.append("    " * self.depth + line)

    def block(self):
        return Block(self)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def value(self, type_, scope: Scope, depth: int = 2) -> str:
        return self.make.of(type_, scope, depth)

    def show(self, name: str, type_) -> None:
        if isinstance(type_, tuple) and type_[0] == "set":
            self.put(f"print({name!r}, sorted({name}), len({name}))")
        elif isinstance(type_, tuple) and self.holds_set(type_):
            self.put(f"print({name!r}, len({name}))" if type_[0] in ("list", "dict") else f"print({name!r})")
        else:
            self.put(self.random.choice([f"print({name!r}, {name})", f"print({name!r}, repr({name}))", f"print(f'{name} {{{name}!r}}')", f"print(str({name}), {name}, sep='|')"]))

    def holds_set(self, type_) -> bool:
        return isinstance(type_, tuple) and (type_[0] == "set" or any(self.holds_set(t) for t in type_[1:]))

    def show_all(self, scope: Scope) -> None:
        for name, (type_, _) in scope.names.items():
            if name not in self.outer.names:
                self.show(name, type_)

    # --- definitions

    def define_function(self) -> None:
        r = self.random
        name = f"{self.make.name('f')}_{self.number}"
        parameters = [self.make.type(1) for _ in range(r.randint(0, 3))]
        result = self.make.type(1)
        scope = Scope(self.outer)
        written = []
        default = False
        for i, t in enumerate(parameters):
            scope.add(f"p{i}", t)
            if default or (i > 0 and t in ("int", "str") and self.chance(0.3)):
                t = parameters[i] = t if t in ("int", "str") else "int"
                scope.add(f"p{i}", t)
                written.append(f"p{i}={self.value(t, Scope(), 0)}")
                default = True
            else:
                written.append(f"p{i}")
        if self.chance(0.3) and parameters == [] and not default:
            written.append("*rest")
            scope.add("rest_count", "int")
        self.put(f"def {name}({', '.join(written)}):")
        with self.block():
            if "*rest" in written:
                self.put("rest_count = len(rest)")
            self.budget = r.randint(1, 4)
            self.can_return = result
            while self.budget > 0:
                self.statement(scope)
            self.can_return = None
            self.put(f"return {self.value(result, scope)}")
        self.outer.functions.append((name, parameters, result))

    def define_generator(self) -> None:
        name = f"{self.make.name('g')}_{self.number}"
        scope = Scope(self.outer)
        scope.add("count", "int", 10)
        self.put(f"def {name}(count):")
        with self.block():
            self.put("for step in range(count):")
            inner = Scope(scope)
            inner.add("step", "int", 10)
            with self.block():
                if self.chance(0.4):
                    self.put(f"if {self.value('bool', inner)}:")
                    with self.block():
                        self.put("continue")
                self.put(f"yield {self.value('int', inner)}")
            if self.chance(0.5):
                self.put(f"yield from {self.value(('list', 'int'), scope, 1)}")
        self.outer.functions.append((f"(lambda k: list({name}(abs(k) % 7)))", ["int"], ("list", "int")))

    def define_class(self) -> None:
        r = self.random
        base = r.choice(self.classes) if self.classes and self.chance(0.5) else None
        name = f"{self.make.name('C')}_{self.number}"
        own = [(f"a{len(base.fields) if base else 0}{i}", self.make.type(1)) for i in range(r.randint(0 if base else 1, 2))]
        own = [(f, t) for f, t in own if not self.holds_set(t)]
        shape = ClassShape(name, (base.fields if base else []) + own, base)
        if not base and not own:
            return
        self.outer.classes[name] = shape
        self.put(f"class {name}{'(' + base.name + ')' if base else ''}:")
        scope = Scope(self.outer)
        with self.block():
            if self.chance(0.3):
                self.put(f"kind = {self.make.literal()}")
            if own or base is None:
                self.put(f"def __init__(self, {', '.join(f for f, _ in shape.fields)}):")
                with self.block():
                    if base:
                        self.put(f"super().__init__({', '.join(f for f, _ in base.fields)})")
                    for f, _ in own:
                        self.put(f"self.{f} = {f}")
            inside = Scope(scope)
            for f, t in shape.fields:
                inside.add(f"self.{f}", t)
            if base is None or self.chance(0.6):
                self.put("def __repr__(self):")
                with self.block():
                    body = ", ".join(f"{f}={{self.{f}!r}}" for f, _ in shape.fields)
                    self.put(f"return f\"{name}({body})\"" if self.chance(0.7) else f"return {name!r} + repr([{', '.join('repr(self.' + f + ')' for f, _ in shape.fields)}])")
            if self.chance(0.3):
                self.put("def __str__(self):")
                with self.block():
                    self.put(f"return {self.value('str', inside)}")
            if self.chance(0.4):
                self.put("def __eq__(self, other):")
                with self.block():
                    self.put(f"return isinstance(other, {name}) and self.{shape.fields[0][0]} == other.{shape.fields[0][0]}")
            if self.chance(0.3):
                self.put("def __len__(self):")
                with self.block():
                    self.put(f"return {r.randint(0, 5)}")
            if self.chance(0.3):
                self.put("def __bool__(self):")
                with self.block():
                    self.put(f"return {self.value('bool', inside)}")
            if self.chance(0.4) or "+" in shape.operators:
                shape.operators.add("+")
                self.put("def __add__(self, other):")
                with self.block():
                    self.put(f"return {name}({', '.join(r.choice(['self', 'other']) + '.' + f for f, _ in shape.fields)})")
            if self.chance(0.3):
                self.put("def __getitem__(self, index):")
                with self.block():
                    self.put(f"return {self.make.literal()} * index")
                shape.methods.append(("__getitem__", ["int"], "str"))
            for _ in range(r.randint(0, 2)):
                method = self.make.name("m")
                parameters = [self.make.type(0) for _ in range(r.randint(0, 2))]
                result = self.make.type(1)
                inner = Scope(inside)
                for i, t in enumerate(parameters):
                    inner.add(f"q{i}", t)
                self.put(f"def {method}({', '.join(['self'] + [f'q{i}' for i in range(len(parameters))])}):")
                with self.block():
                    self.put(f"return {self.value(result, inner)}")
                shape.methods.append((method, parameters, result))
            if base and base.methods and self.chance(0.6):
                method, parameters, result = r.choice([m for m in base.methods])
                if method != "__getitem__":
                    names = [f"q{i}" for i in range(len(parameters))]
                    self.put(f"def {method}({', '.join(['self'] + names)}):")
                    with self.block():
                        same = f"super().{method}({', '.join(names)})"
                        self.put(f"first = {same}")
                        inner = Scope(inside)
                        inner.add("first", result)
                        self.put(f"return {self.value(result, inner)}")
        self.classes.append(shape)

    # --- statements

    def statement(self, scope: Scope) -> None:
        self.budget -= 1
        makers = [(10, self.assign), (5, self.print_value), (4, self.augmented), (3, self.branch), (3, self.loop), (3, self.mutate), (3, self.attempt),
                  (2, self.unpack), (1.5, self.match), (1.5, self.closure), (1, self.iterate), (1, self.delete), (1, self.check), (1, self.object), (0.5, self.leave),
                  (0.7, self.while_loop), (0.4, self.with_block)]
        if self.depth > 4:
            makers = makers[:3]
        self.random.choices([m for _, m in makers], [w for w, _ in makers])[0](scope)

    def body(self, scope: Scope, least: int = 1) -> None:
        with self.block():
            inner = Scope(scope)
            for _ in range(self.random.randint(least, 3)):
                self.statement(inner)

    def new(self, scope: Scope, type_, value: str) -> str:
        name = self.make.name("v")
        self.put(f"{name} = {value}")
        scope.add(name, type_)
        return name

    def assign(self, scope: Scope) -> None:
        own = [n for n in scope.names if n not in scope.frozen and n.startswith("v")]
        if own and self.chance(0.2):
            name = self.random.choice(own)
            type_, bound = scope.names[name]
            if bound == STORED:
                self.put(f"{name} = {self.value(type_, scope)}")
            return
        type_ = self.make.type(2)
        self.new(scope, type_, self.value(type_, scope, 3))

    def print_value(self, scope: Scope) -> None:
        r = self.random
        if self.chance(0.3):
            self.put(f"print({self.value(self.make.shown(), scope, 3)})")
        elif self.chance(0.4):
            self.put(f"print({self.make.int(scope, 3, 4 * 10 ** 18)})")
        else:
            parts = ", ".join(self.value(self.make.shown(), scope, 2) for _ in range(r.randint(1, 3)))
            self.put(f"print({parts}{r.choice(['', '', ', sep=' + repr('-'), ', end=' + repr('.' + chr(10))])})")

    def augmented(self, scope: Scope) -> None:
        r = self.random
        names = [(n, t) for n, (t, _) in scope.names.items() if n.startswith("v") and n not in scope.frozen]
        if not names:
            return self.assign(scope)
        name, type_ = r.choice(names)
        if type_ == "int":
            self.put(f"{name} {r.choice(['+=', '-=', '*=', '&=', '|=', '^=', '>>=', '//=', '%='])} {self.random.randint(1, 30)}")
            self.put(f"{name} %= {r.choice([97, 1009, 9973])}")
        elif type_ == "float":
            self.put(f"{name} {r.choice(['+=', '-=', '*=', '/='])} {self.value('float', scope, 1)}")
        elif type_ == "str":
            self.put(f"{name} {r.choice(['+=', '+='])} {self.value('str', scope, 1)}" if self.loops == 0 else f"{name} = ({name} + {self.value('str', scope, 1)})[:40]")
        elif type_ == "bool":
            self.put(f"{name} {r.choice(['&=', '|=', '^='])} {self.value('bool', scope, 1)}")
        elif type_[0] == "list" and self.loops == 0:
            self.put(f"{name} += {self.value(type_, scope, 1)}" if self.chance(0.8) else f"{name} *= {r.randint(0, 3)}")
        elif type_[0] == "set":
            self.put(f"{name} {r.choice(['|=', '&=', '-=', '^='])} {self.value(type_, scope, 1)}")
        elif type_[0] == "dict":
            self.put(f"{name} |= {self.value(type_, scope, 1)}")
        else:
            self.put(f"{name} = {self.value(type_, scope, 1)}")

    def branch(self, scope: Scope) -> None:
        self.put(f"if {self.value('bool', scope)}:")
        self.body(scope)
        if self.chance(0.3):
            self.put(f"elif {self.value('bool', scope)}:")
            self.body(scope)
        if self.chance(0.5):
            self.put("else:")
            self.body(scope)

    def loop(self, scope: Scope) -> None:
        r = self.random
        if self.loops > 1:
            return self.print_value(scope)
        inner = Scope(scope)
        name = self.make.name("i")
        kind = r.choice(["range", "list", "str", "items", "enumerate", "zip"])
        if kind == "range":
            inner.add(name, "int", 20)
            self.put(f"for {name} in range({r.randint(-2, 2)}, {r.randint(0, 5)}{r.choice(['', ', 2'])}):")
        elif kind == "str":
            inner.add(name, "str")
            self.put(f"for {name} in {self.value('str', scope, 1)}[:5]:")
        elif kind == "items":
            other = self.make.name("i")
            t = ("dict", self.make.type(0, True), self.make.type(1))
            inner.add(name, t[1])
            inner.add(other, t[2])
            self.put(f"for {name}, {other} in {self.value(t, scope, 1)}.items():")
            inner.frozen |= set(scope.of(t))
        elif kind == "enumerate":
            other = self.make.name("i")
            t = self.make.type(1)
            inner.add(name, "int")
            inner.add(other, t)
            self.put(f"for {name}, {other} in enumerate({self.value(('list', t), scope, 1)}[:4]):")
        elif kind == "zip":
            other = self.make.name("i")
            inner.add(name, "int")
            inner.add(other, "str")
            self.put(f"for {name}, {other} in zip({self.value(('list', 'int'), scope, 1)}, {self.value(('list', 'str'), scope, 1)}):")
            inner.frozen |= set(scope.of(("list", "int"))) | set(scope.of(("list", "str")))
        else:
            t = self.make.type(1)
            inner.add(name, t)
            self.put(f"for {name} in {self.value(('list', t), scope, 1)}[:4]:")
        self.loops += 1
        with self.block():
            for _ in range(r.randint(1, 3)):
                self.statement(inner)
            if self.chance(0.3):
                self.put(f"if {self.value('bool', inner)}:")
                with self.block():
                    self.put(r.choice(["break", "continue"]))
                if self.chance(0.5):
                    self.print_value(inner)
        self.loops -= 1
        if self.chance(0.2):
            self.put("else:")
            self.body(scope)

    def while_loop(self, scope: Scope) -> None:
        if self.loops > 1:
            return self.print_value(scope)
        name = self.make.name("n")
        self.put(f"{name} = {self.random.randint(1, 5)}")
        self.put(f"while {name} > 0:")
        inner = Scope(scope)
        inner.add(name, "int", 10)
        self.loops += 1
        with self.block():
            self.put(f"{name} -= 1")
            self.statement(inner)
            if self.chance(0.3):
                self.put(f"if {self.value('bool', inner)}:")
                with self.block():
                    self.put(self.random.choice(["break", "continue"]))
        self.loops -= 1
        scope.add(name, "int", 10)

    def mutate(self, scope: Scope) -> None:
        r = self.random
        names = [(n, t) for n, (t, _) in scope.names.items() if isinstance(t, tuple) and t[0] in ("list", "dict", "set") and n not in scope.frozen and n.startswith("v")]
        if not names or self.loops > 0:
            return self.assign(scope)
        name, t = r.choice(names)
        one = lambda inner: self.value(inner, scope, 1)
        if t[0] == "list":
            choices = [f"{name}.append({one(t[1])})", f"{name}.extend({one(t)})", f"{name}.insert({r.randint(-3, 3)}, {one(t[1])})", f"{name}.reverse()",
                       f"{name}[{r.randint(0, 2)}:{r.randint(0, 4)}] = {one(t)}", f"{name}.clear()", f"if {name}: {name}[-1] = {one(t[1])}",
                       f"print({name}.pop() if {name} else 'empty')" if not self.holds_set(t) else f"{name}.reverse()", f"if len({name}) > 1: del {name}[0:1]", f"{name}[:] = {name}[::-1]"]
            if t[1] in ("int", "str", "bool"):
                choices += [f"{name}.sort()", f"{name}.sort(key=lambda q: {'-q' if t[1] != 'str' else 'len(q)'}, reverse={self.chance(0.5)})",
                            f"if {one(t[1])} in {name}: {name}.remove({name}[0])"]
        elif t[0] == "dict":
            choices = [f"{name}[{one(t[1])}] = {one(t[2])}", f"{name}.setdefault({one(t[1])}, {one(t[2])})", f"{name}.update({one(t)})",
                       f"{name}.pop({one(t[1])}, {one(t[2])})", f"{name}.clear()", f"if {name}: print({name}.popitem()[0])", f"print(list({name}.keys())[::-1])"]
        else:
            choices = [f"{name}.add({one(t[1])})", f"{name}.discard({one(t[1])})", f"{name}.update({one(t)})", f"{name} -= {one(t)}", f"{name}.clear()"]
        self.put(r.choice(choices))

    def attempt(self, scope: Scope) -> None:
        r = self.random
        self.put("try:")
        inner = Scope(scope)
        with self.block():
            if self.chance(0.5):
                self.statement(inner)
            kind = r.random()
            if kind < 0.6:
                self.put(f"print({r.choice(RAISING)})" if "zero" in scope.names or self.in_main() else "print([1][3])")
            elif kind < 0.9:
                error = r.choice(ERRORS)
                self.put(f"raise {error}({r.choice([self.make.literal(), self.value('str', scope, 1), self.value('int', scope, 1), '', repr('a') + ', 2'])})")
            else:
                self.put(f"assert {self.value('bool', inner)}, {self.value('str', inner, 1)}")
        caught = r.choice(["Exception", "(ValueError, KeyError)", "LookupError", "ArithmeticError", "ValueError", "Exception"])
        self.put(f"except {caught} as e:")
        with self.block():
            self.put(r.choice(["print(type(e).__name__, e)", "print(repr(e))", "print('caught', str(e), e.args)", "print(f'{e!r} {e}')"]))
            if self.chance(0.2):
                self.put("try:")
                with self.block():
                    self.put(f"raise RuntimeError('again') from {r.choice(['e', 'e', 'None'])}" if self.chance(0.7) else f"print({RAISING[1]})")
                self.put("except Exception as again:")
                with self.block():
                    self.put("print(repr(again), repr(again.__cause__), repr(again.__context__), again.__suppress_context__)")
            if self.chance(0.3):
                self.statement(Scope(scope))
        if caught != "Exception":
            self.put("except Exception as other:" if self.chance(0.8) else "except BaseException as other:")
            with self.block():
                self.put("print('other', type(other).__name__, other)")
        if self.chance(0.3):
            self.put("else:")
            self.body(scope)
        if self.chance(0.4):
            self.put("finally:")
            self.body(scope)

    def in_main(self) -> bool:
        return self.can_return is None and self.depth > 0 and self.lines and any(line.startswith(f"def main{self.number}") for line in self.lines)

    def unpack(self, scope: Scope) -> None:
        r = self.random
        kind = r.choice(["tuple", "swap", "star", "nested", "chars"])
        if kind == "tuple":
            types = [self.make.type(1) for _ in range(r.randint(2, 3))]
            names = [self.make.name("v") for _ in types]
            self.put(f"{', '.join(names)} = {', '.join(self.value(t, scope) for t in types)}")
            for n, t in zip(names, types):
                scope.add(n, t)
        elif kind == "star":
            t = self.make.type(0)
            first, rest = self.make.name("v"), self.make.name("v")
            given = ", ".join(self.value(t, scope, 1) for _ in range(r.randint(1, 4)))
            self.put(r.choice([f"{first}, *{rest} = [{given}]", f"*{rest}, {first} = [{given}]"]))
            scope.add(first, t)
            scope.add(rest, ("list", t))
        elif kind == "nested":
            a, b, c = (self.make.name("v") for _ in range(3))
            types = [self.make.type(0) for _ in range(3)]
            values = [self.value(t, scope, 1) for t in types]
            self.put(f"({a}, ({b}, {c})) = ({values[0]}, ({values[1]}, {values[2]}))")
            for n, t in zip((a, b, c), types):
                scope.add(n, t)
        elif kind == "chars":
            a, b = self.make.name("v"), self.make.name("v")
            self.put(f"{a}, {b} = ({self.value('str', scope, 1)} + 'xy')[-2:]")
            scope.add(a, "str")
            scope.add(b, "str")
        else:
            own = [n for n, (t, bound) in scope.names.items() if t == "int" and n.startswith("v") and bound == STORED and n not in scope.frozen]
            if len(own) < 2:
                return self.assign(scope)
            a, b = r.sample(own, 2)
            self.put(f"{a}, {b} = {b}, {a}")

    def match(self, scope: Scope) -> None:
        r = self.random
        kind = r.choice(["int", "str", "tuple", "list", "dict"])
        if kind == "int":
            self.put(f"match {self.value('int', scope)}:")
            cases = [str(r.randint(-2, 5)), "0 | 1", "n if n > 100"]
        elif kind == "str":
            self.put(f"match {self.value('str', scope)}:")
            cases = ["''", repr("a") + " | " + repr("ab"), "s if s.isupper()"]
        elif kind == "tuple":
            self.put(f"match ({self.value('int', scope, 1)}, {self.value('str', scope, 1)}):")
            cases = ["(0, _)", "(x, '')", "(x, y) if x > len(y)"]
        elif kind == "list":
            self.put(f"match {self.value(('list', 'int'), scope)}:")
            cases = ["[]", "[x]", "[x, y]", "[x, *more] if x > 3", "[*more, 0]"]
        else:
            self.put(f"match {self.value(('dict', 'str', 'int'), scope)}:")
            cases = ["{'a': 1}", "{'a': x, 'b': y}", "{'a': x, **more}"]
        r.shuffle(cases)
        with self.block():
            for case in cases[: r.randint(1, 3)]:
                self.put(f"case {case}:")
                with self.block():
                    shown = [n for n in ("n", "s", "x", "y", "more") if n in case.split(" if ")[0].replace("(", " ").replace(")", " ").replace("[", " ").replace("]", " ").replace(",", " ").replace("*", " ").replace("}", " ").split()]
                    self.put(f"print({', '.join([repr(case)] + shown)})")
            if self.chance(0.7):
                self.put("case _:")
                self.body(scope)

    def closure(self, scope: Scope) -> None:
        r = self.random
        name = self.make.name("h")
        if self.chance(0.5):
            own = [n for n, (t, bound) in scope.names.items() if t == "int" and n.startswith("v") and bound == STORED and n not in scope.frozen]
            if not own or self.loops or self.depth > 1:
                return self.print_value(scope)
            shared = r.choice(own)
            self.put(f"def {name}(by):")
            with self.block():
                self.put(f"nonlocal {shared}")
                self.put(f"{shared} = ({shared} + by) % 1009")
                inner = Scope(scope)
                inner.add("by", "int")
                self.put(f"return {self.value('str', inner)}")
            self.put(f"print({name}({r.randint(0, 9)}), {name}({self.value('int', scope, 1)}), {shared})")
        else:
            inner = Scope(scope)
            inner.add("k", "int")
            t = self.make.type(0)
            body, given = self.make.inside(lambda: (self.value(t, inner), (self.value("int", scope, 1), self.value("int", scope, 1))))
            self.put(f"{name} = lambda k: {body}")
            self.put(f"print([{name}(k) for k in ({given[0]}, {given[1]})])")

    def iterate(self, scope: Scope) -> None:
        r = self.random
        self.put(r.choice([
            lambda: f"print(list(zip({self.value(('list', 'int'), scope)}, {self.value('str', scope)})))",
            lambda: f"print(sorted({self.value(('dict', 'str', 'int'), scope)}.items(), key=lambda kv: (-kv[1], kv[0])))",
            lambda: f"print(list(map(lambda a, b: a + b, {self.value(('list', 'int'), scope)}, {self.value(('list', 'int'), scope)})))",
            lambda: f"print([(a, b) for a, b in enumerate({self.value('str', scope)})][{r.choice(['::-1', ':3', '-2:'])}])",
            lambda: f"print({{a: len(b) for a, b in zip('abc', {self.value(('list', 'str'), scope)})}})",
            lambda: f"print(sum(x * x for x in {self.value(('list', 'int'), scope)}))",
            lambda: f"print(max({self.value(('list', 'str'), scope)}, key=len, default='none'))",
            lambda: f"print(*{self.value(('list', 'int'), scope)}, sep=', ')",
            lambda: f"print([*{self.value('str', scope)}][:5], {{**{self.value(('dict', 'str', 'int'), scope)}, 'z': 0}})",
            lambda: f"print(list(reversed({self.value(('list', 'str'), scope)})), list({self.value(('dict', 'int', 'str'), scope)}.values()))",
        ])())

    def delete(self, scope: Scope) -> None:
        names = [(n, t) for n, (t, _) in scope.names.items() if isinstance(t, tuple) and t[0] in ("list", "dict") and n not in scope.frozen and n.startswith("v")]
        if not names or self.loops:
            return self.print_value(scope)
        name, t = self.random.choice(names)
        if t[0] == "list":
            self.put(f"del {name}[{self.random.choice(['::2', '1:', ':1', '-1:', '::-2'])}]")
        else:
            self.put(f"if {name}: del {name}[next(iter({name}))]")

    def check(self, scope: Scope) -> None:
        self.put(f"print({self.value('bool', scope, 3)}, {self.value('bool', scope, 2)})")

    def object(self, scope: Scope) -> None:
        if not self.classes:
            return self.print_value(scope)
        shape = self.random.choice(self.classes)
        name = self.new(scope, ("obj", shape.name), self.make.obj(("obj", shape.name), scope, 2))
        if shape.fields and self.chance(0.5):
            field, t = self.random.choice(shape.fields)
            self.put(f"{name}.{field} = {self.value(t, scope)}")
        self.put(self.random.choice([f"print({name}, repr({name}))", f"print({name} == {name}, isinstance({name}, {shape.name}), bool({name}))", f"print([{name}], type({name}).__name__.split('_')[0])"]))
        for method, parameters, result in shape.methods:
            if self.chance(0.5) and not self.holds_set(result):
                self.put(f"print({name}.{method}({', '.join(self.value(p, scope, 1) for p in parameters)}))")

    def leave(self, scope: Scope) -> None:
        if self.can_return is None:
            return self.print_value(scope)
        self.put(f"if {self.value('bool', scope)}:")
        with self.block():
            self.put(f"return {self.value(self.can_return, scope)}")

    def with_block(self, scope: Scope) -> None:
        name = self.make.name("K")
        self.put(f"class {name}:")
        with self.block():
            self.put("def __enter__(self):")
            with self.block():
                self.put("print('enter')")
                self.put("return 5")
            self.put("def __exit__(self, kind, value, trace):")
            with self.block():
                self.put("print('exit', kind is None, value)")
                self.put(f"return {self.chance(0.5)}")
        self.put("try:")
        with self.block():
            self.put(f"with {name}() as got:")
            with self.block():
                self.put(f"print(got, {self.value('str', scope)})")
                self.put(f"raise ValueError({self.make.literal()})" if self.chance(0.5) else "pass")
        self.put("except ValueError as e:")
        with self.block():
            self.put("print('through', e)")


class Block:
    def __init__(self, program: Program):
        self.program = program

    def __enter__(self) -> None:
        self.program.depth += 1

    def __exit__(self, *_) -> None:
        self.program.depth -= 1
