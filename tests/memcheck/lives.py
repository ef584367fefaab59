"""Lives of attachments, one by every plugin, whose commands are executed under something that watches."""

import json
import os
import pathlib
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

BIN = pathlib.Path(os.environ["PATCHBAY_BIN_DIR"])
LIMIT = 100  # seconds; for one command
COMMANDS = ("ADD", "CHECK", "STATUS", "GC", "DEL")

# <n> is the number of the life: two at a time have no address in common.
DUAL = {
    "type": "host-local",
    "ranges": [[{"subnet": "10.<n>.0.0/16"}], [{"subnet": "fd00:<n>::/64"}]],
    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}],
}
BRIDGE = {"type": "bridge", "bridge": "br<n>", "isGateway": True, "ipMasq": True, "ipam": DUAL}

# A plugin that comes later joins by one line: what the life is called, and its configuration.
LIVES = {
    "loopback": {"type": "loopback"},
    "host-local": {"type": "host-local", "ipam": DUAL},
    "bridge": {**BRIDGE, "macspoofchk": True},
    "bridge executes IPAM": {**BRIDGE, "ipam": {**DUAL, "type": "other-local"}},
    "veth": {"type": "veth", "ipMasq": True, "ipam": DUAL},
    "host-device": {"type": "host-device", "device": "nic0", "ipam": DUAL},
    "ovs": {"type": "ovs", "bridge": "ovs1", "macspoofchk": True, "ipam": DUAL},
}


def shell(line):
    subprocess.run(line, shell=True, check=True, stdout=subprocess.DEVNULL)


def start_open_vswitch():
    """On this host, as docs/development.md does it."""
    run = "/run/openvswitch"
    os.makedirs(run, exist_ok=True)
    shell(f"ovsdb-tool create {run}/conf.db /usr/share/openvswitch/vswitch.ovsschema")
    shell(f"ovsdb-server {run}/conf.db --remote=punix:{run}/db.sock --detach --no-chdir --pidfile -voff")
    shell("ovs-vsctl --no-wait init")
    shell(f"ovs-vswitchd unix:{run}/db.sock --detach --no-chdir --pidfile -voff")
    shell("ovs-vsctl --timeout=20 add-br ovs1 -- set Bridge ovs1 datapath_type=netdev")


def make_what_is_needed():
    shell("ip link add nic0 up type veth peer name cable0")
    directory = pathlib.Path("/run/plugins")
    directory.mkdir()
    shutil.copy(BIN / "host-local", directory / "other-local")
    if (BIN / "ovs").exists():
        start_open_vswitch()


class Life:
    def __init__(self, name, config):
        number = str(list(LIVES).index(name))
        self.network = "net" + number
        self.executable = str(BIN / config["type"])
        config = json.loads(json.dumps(config).replace("<n>", number))
        self.config = {"cniVersion": "1.1.0", "name": self.network, **config}
        self.ifname = "lo" if config["type"] == "loopback" else "eth0"
        self.previous = None
        shell(f"ip netns add {self.network}")

    def execute(self, command, under):
        config = dict(self.config)
        if command in ("CHECK", "DEL") and self.previous:
            config["prevResult"] = self.previous
        if command == "GC":
            config["cni.dev/valid-attachments"] = [{"containerID": "c1", "ifname": self.ifname}]
        environment = {
            "PATH": os.environ["PATH"],
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": "c1",
            "CNI_NETNS": f"/run/netns/{self.network}",
            "CNI_IFNAME": self.ifname,
            "CNI_PATH": f"{BIN}:/run/plugins",
        }
        done = subprocess.run(
            [*under, self.executable],
            input=json.dumps(config).encode(),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=LIMIT,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"{command} of {self.config}: {done.stdout.decode()}{done.stderr.decode()}")
        if command == "ADD":
            self.previous = json.loads(done.stdout)


def live_all(watch):
    """`watch(life, command)` for every command of every life, two lives at a time; it executes the command."""

    def live(name):
        begun = time.monotonic()
        life = Life(name, LIVES[name])
        for command in COMMANDS:
            watch(life, command)
        print(f"{name:22} {time.monotonic() - begun:5.1f} s", flush=True)

    make_what_is_needed()
    names = [name for name, config in LIVES.items() if (BIN / config["type"]).exists()]
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(live, names))
