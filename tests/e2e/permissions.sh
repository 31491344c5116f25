# What a program may touch: by option, by what the environment keeps, and what is said when it may not.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
has_layer seccomp || exit 77

# A server that says one line to everybody.
python3 - >port <<'PYTHON' &
import socketserver, sys
class Line(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"a line\n")
socketserver.TCPServer.allow_reuse_address = True
with socketserver.TCPServer(("127.0.0.1", 0), Line) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
PYTHON
server=$!
trap 'kill $server; rm -rf "$WORK"' EXIT
for _ in $(seq 100); do [[ -s port ]] && break; sleep 0.1; done
port="$(<port)"

printf 'rimport plugin_hello\nprint(plugin_hello.first_line("localhost:%s"))\n' "$port" >net.kay
run 1 kayton run net.kay
err_has "PermissionError: "
err_has "help: the sandbox keeps the program from reaching localhost; kayton run --allow-net=localhost lets it (permission net; kik allow net localhost gives it to the environment)"

# What a crate does by the standard library's own functions is refused in the same words.
refused() {
    printf 'rimport shapes\nshapes.%s\n' "$1" >refused.kay
    run 1 kayton run refused.kay
    err_has "$2"
    err_has "help: the sandbox keeps the program from $3"
}
if has_layer landlock; then
    refused 'read_text("/etc/shadow")' "PermissionError: Permission denied (os error 13): '/etc/shadow'" \
        "/etc/shadow; kayton run --allow-read=/etc/shadow lets it read there"
    refused 'read_or_panic("/etc/shadow")' "RustPanic: " "/etc/shadow; kayton run --allow-read=/etc/shadow"
fi
refused 'reach("127.0.0.1:9")' "PermissionError: Permission denied (os error 13)" \
    "connecting to 127.0.0.1:9; kayton run --allow-net=127.0.0.1:9 lets it (permission net; kik allow net 127.0.0.1:9 "
refused 'wait_at("127.0.0.1:0")' "PermissionError: " "waiting for connections; kayton run --allow-net lets it"
refused 'output_of("echo")' "PermissionError: Operation not permitted (os error 1): cannot run 'echo'" \
    "running echo; kayton run --allow-run=echo lets it (permission run; kik allow run echo gives it to the environment)"

# A program that is granted runs in the same sandbox, and goes with the worker.
if has_layer landlock; then
    printf 'rimport shapes\nprint(shapes.output_of("echo"), end="")\n' >echo.kay
    run 0 kayton run --allow-run=echo echo.kay
    out_is told
    printf 'rimport shapes\nprint(shapes.output_of("cat"), end="")\n' >other.kay
    run 1 kayton run --allow-run=echo other.kay
    err_has "kayton run --allow-run=cat lets it"
    printf '#!/bin/sh\nread -r line </etc/shadow && echo "read it"\nkill -9 $PPID && echo "killed"\necho end\n' >script
    chmod +x script
    printf 'rimport shapes\nprint(shapes.output_of("./script"), end="")\n' >script.kay
    run 0 kayton run --allow-run=./script script.kay
    out_is end
    printf 'rimport shapes\nprint(shapes.leave_running("sleep"))\n' >leave.kay
    run 0 kayton run --allow-run=sleep leave.kay
    left="$(<out)"
    for _ in $(seq 50); do [[ -d "/proc/$left" ]] || break; sleep 0.1; done
    [[ ! -d "/proc/$left" ]] || grep -q "^State:.Z" "/proc/$left/status" || failed "a program that was started lives on: $left"
fi
run 2 kayton run --allow-run=kayton-no-such-program env.kay
run 0 kayton run "--allow-net=localhost:$port" net.kay
out_is "a line"
run 0 kayton run --allow-net net.kay
out_is "a line"
run 1 kayton run --allow-net=localhost:1 net.kay
err_has "--allow-net="
run 1 kayton run --allow-net=example.invalid:80 net.kay
err_has "kayton run --allow-net=localhost lets it"
run 2 kayton run --allow-net=localhost:http net.kay

printf 'import os\nprint(os.getenv("KAYTON_E2E_SECRET"))\n' >env.kay
export KAYTON_E2E_SECRET=known
run 0 kayton run env.kay
out_is None
run 0 kayton run --allow-env=KAYTON_E2E_SECRET env.kay
out_is known
run 2 kayton run --allow-env=LD_PRELOAD env.kay

# Asked for in the program's header, and granted by the person only.
printf '#!/usr/bin/env kayton\n# kayton: needs env=KAYTON_E2E_SECRET net=localhost:%s\nimport os\nprint(os.getenv("KAYTON_E2E_SECRET"))\n' "$port" >asks.kay
run 1 kayton run asks.kay
out_is ""
err_has "asks.kay asks for permissions that it does not have: --allow-net=localhost:$port --allow-env=KAYTON_E2E_SECRET"
run 1 kayton run --allow-env=KAYTON_E2E_SECRET asks.kay
err_has "does not have: --allow-net=localhost:$port"
run 0 kayton run --allow-net --allow-env=KAYTON_E2E_SECRET asks.kay
out_is known
printf '# kayton: needs net=good.example\033[2K\n' >deceives.kay
run 1 kayton run deceives.kay
err_has "control characters in its header"
printf '# kayton: needs everything\n' >asks_much.kay
run 1 kayton run asks_much.kay
err_has '`everything` in its header is no permission'

# Kept by the environment.
mkdir outside inside
printf 'seen' >outside/file
printf 'print(open("%s/outside/file").read())\n' "$WORK" >inside/read.kay
clean_up() {
    kill "$server"
    # What a test that failed has left in the environment that others use.
    kik deny net "localhost:$port" || true
    kik deny env KAYTON_E2E_SECRET || true
    kik deny read "$WORK/outside" || true
    rm -rf "$WORK"
}
trap 'clean_up 2>/dev/null' EXIT
run 0 kik allow net "localhost:$port"
run 0 kik allow env KAYTON_E2E_SECRET
run 0 kik allow read outside
run 0 kik allow
for line in "net localhost:$port" "env KAYTON_E2E_SECRET" "read $WORK/outside"; do
    grep -qxF "$line" out || failed "kik allow does not list: $line"
done
run 0 kayton run net.kay
out_is "a line"
run 0 kayton run env.kay
out_is known
cd inside
run 0 kayton run read.kay
out_is seen
run 0 kik deny read "$WORK/outside"
run 1 kayton run read.kay
err_has PermissionError
err_has "--allow-read=$WORK/outside/file"
run 1 kik deny read "$WORK/outside"
run 1 kik allow read "$WORK/nowhere"
run 1 kik allow everything
run 1 kik deny env
err_has "kik deny env needs at least one value"
run 0 kik deny net "localhost:$port"
err_has "No longer allowed in \`e2e\`: net localhost:$port"
run 0 kik deny env KAYTON_E2E_SECRET
run 1 kayton run ../net.kay
no_workers
