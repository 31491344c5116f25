#!/usr/bin/env python3
"""gateway_check.py [KERNEL]: a kernel served through Jupyter's Gateway, as a front end on another machine uses it: started, asked over
the gateway's socket, interrupted, ended. By hand: it needs `pip install jupyter-kernel-gateway`, and the kernelspec KERNEL
(kayton)."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import uuid

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

NAME = sys.argv[1] if len(sys.argv) > 1 else "kayton"
PATIENCE = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def ask(client, url, method="GET", body=None):
    return await client.fetch(HTTPRequest(url, method=method, body=body, allow_nonstandard_methods=True))


async def execute(connection, code, on_output=None):
    """Output, and the content of the reply."""
    sent = uuid.uuid4().hex
    await connection.write_message(json.dumps({
        "header": {"msg_id": sent, "msg_type": "execute_request", "username": "", "session": "check", "version": "5.3"},
        "parent_header": {}, "metadata": {}, "channel": "shell", "buffers": [],
        "content": {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}}))
    output, reply, idle = "", None, False
    while reply is None or not idle:
        message = json.loads(await asyncio.wait_for(connection.read_message(), PATIENCE))
        if message["parent_header"].get("msg_id") != sent:
            continue
        content = message["content"]
        if message["msg_type"] == "stream":
            output += content["text"]
            if on_output:
                await on_output()
        elif message["msg_type"] == "execute_result":
            output += content["data"]["text/plain"]
        elif message["msg_type"] == "execute_reply":
            reply = content
        elif message["msg_type"] == "status":
            idle = content["execution_state"] == "idle"
    return output, reply


async def check(port):
    client = AsyncHTTPClient()
    base = f"127.0.0.1:{port}/api/kernels"
    for _ in range(PATIENCE * 10):
        try:
            await ask(client, f"http://127.0.0.1:{port}/api")
            break
        except OSError:
            await asyncio.sleep(0.1)
    kernel = json.loads((await ask(client, f"http://{base}", "POST", json.dumps({"name": NAME}))).body)["id"]
    connection = await websocket_connect(f"ws://{base}/{kernel}/channels")
    output, reply = await execute(connection, "x = [1, 2]\nx.append(3)\nx")
    assert (output, reply["status"]) == ("[1, 2, 3]", "ok"), (output, reply)
    output, reply = await execute(connection, "print(sum(x), flush=True)\nx")
    assert (output, reply["status"]) == ("6\n[1, 2, 3]", "ok"), (output, reply)

    async def interrupt():
        await ask(client, f"http://{base}/{kernel}/interrupt", "POST", "")
    output, reply = await execute(connection, "print('going', flush=True)\nwhile True:\n    pass", interrupt)
    assert reply.get("ename") == "KeyboardInterrupt", reply
    output, reply = await execute(connection, "len(x)")
    assert output == "3", (output, reply)
    connection.close()
    await ask(client, f"http://{base}/{kernel}", "DELETE")
    print("started, asked, interrupted and ended through the gateway")


port = free_port()
gateway = subprocess.Popen([sys.executable, "-m", "kernel_gateway", "--KernelGatewayApp.ip=127.0.0.1",
                            f"--KernelGatewayApp.port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           text=True, env=os.environ)
try:
    asyncio.run(check(port))
finally:
    gateway.terminate()
    gateway.communicate(timeout=PATIENCE)
