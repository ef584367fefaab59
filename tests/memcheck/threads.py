"""One life of an attachment by every plugin, watched by strace: no plugin starts a thread, so there are no
data races to look for.

    PATCHBAY_BIN_DIR=... tests/clients/on-own-host /usr/bin/python3 tests/memcheck/threads.py
"""

import pathlib
import sys

import lives

STRACE = ("strace", "-f", "-qq", "-e", "trace=clone,clone3,fork,vfork")

faults = []
started = []


def watch(life, command):
    trace = pathlib.Path(f"/run/trace.{life.network}")
    life.execute(command, [*STRACE, "-o", str(trace)])
    for line in trace.read_text().splitlines():
        started.append(line)
        if "CLONE_THREAD" in line:
            faults.append(f"{command} of {life.config} starts a thread: {line}")


lives.live_all(watch)
print(f"{len(started)} processes were started")
if not started:
    faults.append("not even a child of DEL was seen: strace sees nothing")
for fault in faults:
    print(f"FAILED: {fault}")
sys.exit(1 if faults else 0)
