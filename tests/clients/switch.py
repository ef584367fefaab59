"""An Open vSwitch of the host's own, at the places where its clients look for it."""

import pathlib
import subprocess

import host

STATE = pathlib.Path("/run/openvswitch")
DATABASE = STATE / "conf.db"


def start(program, *options):
    log = f"--log-file={STATE / program}.log"
    control = f"--unixctl={STATE / program}.ctl"
    return subprocess.Popen([program, "-vconsole:off", log, control, *options])


def vsctl(*words):
    return host.run("ovs-vsctl", "--timeout", host.PATIENCE, *words)


class Switch:
    def __init__(self):
        STATE.mkdir()
        host.run("ovsdb-tool", "create", DATABASE, "/usr/share/openvswitch/vswitch.ovsschema")
        remote = f"--remote=punix:{STATE}/db.sock"
        self.daemons = [start("ovsdb-server", remote, str(DATABASE))]
        vsctl("--retry", "--no-wait", "init")
        self.daemons.append(start("ovs-vswitchd", f"unix:{STATE}/db.sock"))

    @staticmethod
    def add_bridge(name):
        """Its datapath is ovs-vswitchd's own: the kernel's may be missing."""
        vsctl("add-br", name, "--", "set", "Bridge", name, "datapath_type=netdev")

    @staticmethod
    def rows():
        """What attachments could leave in the database, as lines."""
        return [
            f"{table} {row}"
            for table in ("Port", "Interface", "QoS", "Queue")
            for row in vsctl("--columns=_uuid", "--bare", "list", table).split()
        ]

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            daemon.wait(timeout=host.PATIENCE)
