"""One life of an attachment by every plugin, watched by valgrind's memcheck: what is read was written, no
access is out of bounds, nothing is lost. Children and executed plugins are watched, too.

    PATCHBAY_BIN_DIR=... tests/clients/on-own-host /usr/bin/python3 tests/memcheck/memcheck.py
"""

import pathlib
import sys

import lives

LOGS = pathlib.Path("/run/memcheck")
ERROR = "memcheck-error"
VALGRIND = (
    "valgrind",
    "--quiet",
    f"--error-markers={ERROR},",  # apart from warnings: valgrind does not know every ioctl
    "--trace-children=yes",
    "--leak-check=full",
    "--errors-for-leak-kinds=definite",
    "--show-leak-kinds=definite",
)

faults = []


def watch(life, command):
    life.execute(command, [*VALGRIND, f"--log-file={LOGS}/{life.network}.%p"])
    for log in LOGS.glob(f"{life.network}.*"):
        if ERROR in log.read_text():
            faults.append(f"{command} of {life.config}:\n{log.read_text()}")
        log.unlink()


LOGS.mkdir()
lives.live_all(watch)
for fault in faults:
    print(f"FAILED: {fault}")
sys.exit(1 if faults else 0)
