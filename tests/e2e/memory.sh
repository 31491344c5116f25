# Memory of programs: the leak check, cycles in a loop under a limit, MemoryError where there is no more.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
unset KAYTON_ACTIVE_ENV
export KAYTON_HOME="$WORK/home"

# What globals hold at the end, uncaught exceptions and sys.exit leave nothing behind.
cat >held.kay <<'KAYTON'
import sys


class Node:
    def __init__(self):
        self.me: Node = self


def endless():
    while True:
        yield [Node()]


nodes = [Node() for _ in range(3)]
running = endless()
next(running)
if len(sys.argv) > 1:
    sys.exit(3)
raise ValueError(str(len(nodes)))
KAYTON
run 1 kayton run --leak-check held.kay
err_has "ValueError: 3"
run 3 kayton run --leak-check held.kay exit
silent_err

# 20,000 rings of 80 KB each are 1.6 GB: they fit into 300 MB because they are found in time.
cat >rings.kay <<'KAYTON'
class Node:
    def __init__(self):
        self.me: Node = self
        self.data = [0] * 10000


total = 0
for i in range(20_000):
    total += len(Node().data)
print(total)
KAYTON
run 0 kayton run --max-memory=300M rings.kay
out_is "200000000"

cat >much.kay <<'KAYTON'
for make in (lambda: len(list(range(100_000_000))), lambda: len("ab" * 400_000_000), lambda: len([0] * 100_000_000)):
    try:
        print(make())
    except MemoryError as error:
        print("MemoryError", str(error).endswith("the program may use 300 MB (--max-memory)"))
numbers = []
try:
    while True:
        numbers.append(1)
except MemoryError:
    print("MemoryError", len(numbers) > 1_000_000)
numbers = []


class Link:
    def __init__(self, rest):
        self.rest: Link | None = rest


link = Link(None)
try:
    while True:
        link = Link(link)
except MemoryError:
    print("MemoryError")
link = Link(None)
print("goes on")
KAYTON
run 0 kayton run --max-memory=300M much.kay
out_is "MemoryError True
MemoryError True
MemoryError True
MemoryError True
MemoryError
goes on"

# A file that nobody closed is written, and finalizers run, at the program's end.
cat >end.kay <<'KAYTON'
class Last:
    def __del__(self):
        print("last")


held = Last()
file = open("left_open.txt", "w")
file.write("written")
print("end")
KAYTON
run 0 kayton run end.kay
out_is "end
last"
[[ "$(<left_open.txt)" == "written" ]] || failed "an open file was not flushed"
