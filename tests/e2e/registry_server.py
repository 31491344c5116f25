"""A crate registry on this machine that answers only who shows the token: cargo's sparse protocol.

usage: registry_server.py FOLDER TOKEN
FOLDER holds config-less index files and NAME-VERSION.crate; the port is written to FOLDER/port, each refusal and each
download to FOLDER/log."""
import http.server
import json
import os
import sys

folder, token = sys.argv[1:3]


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body=b"", kind="text/plain"):
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Cargo login_url="https://registry.invalid/me"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, line):
        with open(os.path.join(folder, "log"), "a") as log:
            log.write(line + "\n")

    def do_GET(self):
        port = self.server.server_address[1]
        if self.headers.get("Authorization") != token:
            self.note(f"refused {self.path}")
            return self.answer(401, b"who are you?")
        if self.path == "/index/config.json":
            return self.answer(200, json.dumps({"dl": f"http://127.0.0.1:{port}/dl/{{crate}}-{{version}}.crate",
                                                "api": f"http://127.0.0.1:{port}", "auth-required": True}).encode())
        name = os.path.basename(self.path)
        file = os.path.join(folder, name)
        if not os.path.isfile(file):
            return self.answer(404)
        if self.path.startswith("/dl/"):
            self.note(f"download {name}")
        with open(file, "rb") as stream:
            self.answer(200, stream.read())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(folder, "port.new"), "w") as out:
    out.write(str(server.server_address[1]))
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
server.serve_forever()
