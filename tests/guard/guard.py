"""Counts what the hot commands cost, in figures that do not depend on what else the machine does:
system calls, processes started, and instructions in user space. Compares them with costs.tsv and
fails when one has grown by more than a tenth.

    tests/clients/on-own-host /usr/bin/python3 tests/guard/guard.py BIN_DIR            # compare
    tests/clients/on-own-host /usr/bin/python3 tests/guard/guard.py BIN_DIR --update   # write anew

A change that costs more, and is worth it, commits the new table. strace and valgrind count.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TABLE = pathlib.Path(__file__).with_name("costs.tsv")
COLUMNS = ("system calls", "processes", "instructions")
TOLERANCE = 1.10
LIMIT = 100  # seconds; for one command
LIVES = 5  # whoever waits for the kernel may have to look twice: the fewest system calls count

V4 = {
    "type": "host-local",
    "ranges": [[{"subnet": "10.88.0.0/16"}]],
    "routes": [{"dst": "0.0.0.0/0"}],
}
DUAL = {
    "type": "host-local",
    "ranges": [[{"subnet": "10.88.0.0/16"}], [{"subnet": "fd00:88::/64"}]],
    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}],
}
BRIDGE = {"type": "bridge", "bridge": "cni0", "isGateway": True}

# A plugin that comes later joins by one line: what the row is called, and its configuration.
ROWS = {
    "loopback": {"type": "loopback"},
    "veth": {"type": "veth", "ipam": V4},
    "bridge": {**BRIDGE, "ipam": V4},
    "bridge ipMasq": {**BRIDGE, "ipMasq": True, "ipam": V4},
    "bridge dual stack": {**BRIDGE, "ipam": DUAL},
    "host-device": {"type": "host-device", "device": "nic0", "ipam": V4},
    "host-local": {"type": "host-local", "ipam": V4},
}
COMMANDS = ("ADD", "CHECK", "DEL")


def run(words, environment, config):
    done = subprocess.run(
        words,
        input=json.dumps(config).encode(),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)}: {done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout


class Row:
    """One attachment, whose commands are executed plainly or under something that counts."""

    def __init__(self, bin_dir, name, config):
        network = f"guard{list(ROWS).index(name)}"
        self.executable = str(bin_dir / config["type"])
        self.config = {"cniVersion": "1.1.0", "name": network, **config}
        self.environment = {
            "PATH": os.environ["PATH"],
            "CNI_CONTAINERID": "c" * 64,
            "CNI_NETNS": f"/run/netns/{network}",
            "CNI_IFNAME": "lo" if config["type"] == "loopback" else "eth0",
            "CNI_PATH": str(bin_dir),
        }
        self.previous = None
        subprocess.run(["ip", "netns", "add", network], check=True)
        if "device" in config:
            words = f"ip link add {config['device']} up type veth peer name cable0"
            subprocess.run(words.split(), check=True)

    def execute(self, command, *under):
        config = dict(self.config)
        if command != "ADD" and self.previous:
            config["prevResult"] = self.previous
        output = run(
            [*under, self.executable], {**self.environment, "CNI_COMMAND": command}, config
        )
        if command == "ADD":
            self.previous = json.loads(output)
        elif command == "DEL":
            self.previous = None

    def live(self, *under):
        for command in COMMANDS:
            self.execute(command, *under)


def count_calls(execute, directory):
    """System calls from the exec on, and processes, of everything that `execute` starts."""
    trace = directory / "trace"
    execute("strace", "-f", "-qq", "-o", str(trace))
    lines = trace.read_text().splitlines()
    calls = [line for line in lines if re.match(r"\d+ +\w+\(", line)]
    return len(calls), len({line.split()[0] for line in lines})


def count_instructions(execute, directory):
    for old in directory.glob("callgrind.*"):
        old.unlink()
    out = f"--callgrind-out-file={directory}/callgrind.%p"
    execute("valgrind", "--quiet", "--tool=callgrind", "--trace-children=yes", out)
    totals = [
        re.search(r"^(?:totals|summary): (\d+)", path.read_text(), re.MULTILINE)
        for path in directory.glob("callgrind.*")
    ]
    return sum(int(found[1]) for found in totals if found)


def count(row, directory):
    """The figures of ADD, CHECK and DEL, after two lives that have made what is shared."""
    row.live()
    row.live()
    calls = {command: [] for command in COMMANDS}
    for _ in range(LIVES):
        for command in COMMANDS:
            calls[command].append(
                count_calls(lambda *u, c=command: row.execute(c, *u), directory)
            )
    return {
        command: [
            *min(calls[command]),
            count_instructions(lambda *u, c=command: row.execute(c, *u), directory),
        ]
        for command in COMMANDS
    }


def count_version(bin_dir, directory):
    def execute(*under):
        run([*under, str(bin_dir / "bridge")], {"CNI_COMMAND": "VERSION"}, {})

    return [*count_calls(execute, directory), count_instructions(execute, directory)]


def measure_all(bin_dir):
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        measured = {"VERSION": count_version(bin_dir, directory)}
        for row_name, config in ROWS.items():
            for command, figures in count(Row(bin_dir, row_name, config), directory).items():
                measured[f"{row_name} {command}"] = figures
        return measured


def read_table():
    lines = TABLE.read_text().splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return {row[0]: [int(figure) for figure in row[1:]] for row in rows}


def write_table(measured):
    lines = ["\t".join(("command", *COLUMNS))]
    lines += ["\t".join(map(str, (name, *figures))) for name, figures in measured.items()]
    TABLE.write_text("\n".join(lines) + "\n")


def compare(measured, table):
    """What is wrong, a sentence each."""
    faults = [f"{name}: not in {TABLE.name}" for name in measured.keys() - table.keys()]
    faults += [f"{name}: in {TABLE.name}, but not measured" for name in table.keys() - measured.keys()]
    for name, figures in measured.items():
        for column, now, then in zip(COLUMNS, figures, table.get(name, figures)):
            print(f"{name:26} {column:14} {now:9} {then:9}  {now / then:.2f}")
            if now > then * TOLERANCE:
                faults.append(f"{name}: {now} {column}, and {then} in {TABLE.name}")
    return faults


def main():
    measured = measure_all(pathlib.Path(sys.argv[1]))
    if "--update" in sys.argv:
        write_table(measured)
        return
    faults = compare(measured, read_table())
    for fault in faults:
        print(f"FAILED: {fault}")
    if faults:
        sys.exit(1)


main()
