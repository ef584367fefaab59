"""What the tests of real runtimes share: the host that they run on (see on-own-host) and how it is
looked at. Environment: PATCHBAY_BIN_DIR has our executables, PATCHBAY_DUMP is print_dump."""

import collections
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time
import unittest

BIN_DIR = pathlib.Path(os.environ["PATCHBAY_BIN_DIR"])
REFERENCE_DIR = pathlib.Path("/usr/lib/cni")  # Debian's containernetworking-plugins
TESTS = pathlib.Path(__file__).parent
SOURCES = TESTS.parent.parent
PATIENCE = 20  # seconds; for what takes well under one on an idle machine
LIMIT = 100  # seconds; for one command

# The runtimes make their cgroups below this one, which tells them from everybody else's.
CGROUP = os.environ["PATCHBAY_CGROUP"]


def run(*command, **options):
    """Runs `command` to its end and returns its output. A failure shows all that it printed."""
    words = [str(word) for word in command]
    # Not a pipe: what `command` leaves running may hold on to it.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
            **options,
        )
        output.seek(0)
        text = output.read()
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(words)}: exit status {done.returncode}\n{text}")
    return text


def within(netns, *command):
    """Runs `command` in a network namespace; the files are the host's."""
    return run("nsenter", f"--net={netns}", *command)


def make_netns(name):
    run("ip", "netns", "add", name)
    return f"/run/netns/{name}"


def delete_netns(name):
    run("ip", "netns", "delete", name)


def ping(netns, address):
    within(netns, "ping", "-n", "-q", "-c", "1", "-W", "2", address)


def holds_soon(condition):
    """Asks for `condition` until it holds: for runtimes that announce nothing."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def cgroups():
    """Our cgroups in every hierarchy, inner ones first."""
    root = pathlib.Path("/sys/fs/cgroup")
    ours = [*root.glob(CGROUP), *root.glob(f"*/{CGROUP}")]
    return sorted((inner for top in ours for inner in top.glob("**/")), reverse=True)


def processes():
    """The command lines of all processes of this host, but ours and those that have ended."""
    lines = run("ps", "-ww", "-eo", "pid=,ppid=,stat=,args=").splitlines()
    found = [line.split(None, 3) for line in lines]
    ours = str(os.getpid())
    return sorted(
        args for pid, parent, stat, args in found
        if pid not in ("1", ours) and parent != ours and not stat.startswith("Z")
    )


def mounts():
    lines = pathlib.Path("/proc/self/mounts").read_text().splitlines()
    return sorted(" ".join(line.split()[:3]) for line in lines)


def network():
    """Links, addresses, routes, rules, nftables, leases, namespaces, as lines."""
    return run(os.environ["PATCHBAY_DUMP"]).splitlines()


def snapshot():
    """All that an attachment or a container could leave behind, as lines."""
    sections = {"process": processes(), "mount": mounts(), "cgroup": cgroups()}
    return network() + [f"{name} {line}" for name, lines in sections.items() for line in lines]


def differences(before, after):
    """What two snapshots do not share. Processes that have ended since are none of it: a daemon may
    have been busy with the container before."""
    new = collections.Counter(after) - collections.Counter(before)
    gone = collections.Counter(before) - collections.Counter(after)
    gone = [line for line in gone.elements() if not line.startswith("process ")]
    return [f"new:  {line}" for line in new.elements()] + [f"gone: {line}" for line in gone]


class HostTestCase(unittest.TestCase):
    """A test that has to leave the host as it found it. What belongs to a network and stays for its
    next container (bridge, nftables chains) has to be there: let a first container come and go."""

    def setUp(self):
        self.addCleanup(self.expect_unchanged, self.snapshot())

    def snapshot(self):
        return snapshot()

    def expect_unchanged(self, before):
        def is_unchanged():
            self.left = differences(before, self.snapshot())
            return not self.left

        if not holds_soon(is_unchanged):
            self.fail("\n".join(["left behind:", *self.left]))


def skip(reason):
    """Ends the program as ctest knows a test that cannot run."""
    print(f"skipped: {reason}")
    sys.exit(77)


def main(*logs):
    """Runs the tests of the calling program. A failure prints `logs`."""
    program = unittest.main(verbosity=2, exit=False)
    if not program.result.wasSuccessful():
        for log in filter(pathlib.Path.exists, logs):
            print(f"\n##### {log}\n{log.read_text()}")
    sys.exit(not program.result.wasSuccessful())
