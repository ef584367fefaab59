"""podman and runc on the networks of the conflists in the folder podman."""

import json
import os
import pathlib
import shutil
import string

import busybox
import host

STATE = pathlib.Path("/run/podman-test")

# The limits are those that a process without CAP_SYS_RESOURCE may set as well.
CONFIG = string.Template("""
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
tmp_dir = "$state/tmp"
[network]
network_backend = "cni"
cni_plugin_dirs = ["$bin", "$reference"]
network_config_dir = "$state/net.d"
[containers]
apparmor_profile = "unconfined"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
""")


def run(*arguments):
    storage = ("--root", STATE / "root", "--runroot", STATE / "runroot", "--storage-driver", "vfs")
    environment = os.environ | {"CONTAINERS_CONF": str(STATE / "containers.conf")}
    return host.run("podman", *storage, *arguments, env=environment).strip()


class Container:
    """A running container that answers to HTTP."""

    def __init__(self, name, *options):
        self.name = name
        run(
            "run", "--detach", "--name", name, "--cgroup-parent", f"/{host.CGROUP}", *options,
            "--rootfs", STATE / "rootfs", "/bin/httpd", "-f", "-h", "/",
        )

    def inspect(self, field):
        return json.loads(run("inspect", "--format", f"{{{{json .{field}}}}}", self.name))

    @property
    def netns(self):
        return self.inspect("NetworkSettings.SandboxKey")

    def on(self, network):
        """What podman knows of its attachment to `network`."""
        return self.inspect("NetworkSettings.Networks")[network]

    def routes(self):
        return host.within(self.netns, "ip", "route")


def remove(*names):
    run("rm", "--force", "--time", "0", *names)


def prepare():
    shutil.copytree(host.TESTS / "podman", STATE / "net.d")  # podman keeps a lock file there
    config = CONFIG.substitute(state=STATE, bin=host.BIN_DIR, reference=host.REFERENCE_DIR)
    (STATE / "containers.conf").write_text(config)
    busybox.make_rootfs(STATE / "rootfs")


class PodmanTestCase(host.HostTestCase):
    """Its containers are removed with the test."""

    def start(self, name, *options):
        self.addCleanup(remove, name)
        return Container(name, *options)
