"""SIGINT and SIGTERM at every moment of a program's start, in the current folder: the command ends soon with 128 + signal.
The programs but `short` go on for ever, so a signal that got lost shows as a hang."""
import os
import signal
import subprocess
import sys
import time

DELAYS = [step / 1000 for step in (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 23, 26, 30, 35, 40, 50, 70)]
wrong = 0
for program in ("short", "sleeper", "reader", "forever"):
    for number in (signal.SIGINT, signal.SIGTERM):
        for delay in DELAYS:
            stays_open, standard_input = os.pipe()
            # The process exists as kayton when Popen returns: a shell's own child would take early signals itself.
            process = subprocess.Popen(["kayton", "run", program + ".kay"], stdin=stays_open,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
            os.close(stays_open)
            time.sleep(delay)
            os.killpg(process.pid, number)
            begun = time.monotonic()
            try:
                error = process.communicate(timeout=20)[1].decode()
            except subprocess.TimeoutExpired:
                process.kill()
                error = "killed by the test: the signal was lost\n" + process.communicate()[1].decode()
            os.close(standard_input)
            # -number: before the command had its handlers.
            expected = {128 + number, -number} | ({0} if program == "short" else set())
            if process.returncode not in expected:
                wrong += 1
                print(f"{program}: {number.name} after {delay} s: status {process.returncode} "
                      f"{time.monotonic() - begun:.1f} s later\n{error}", file=sys.stderr)
sys.exit(1 if wrong else 0)
