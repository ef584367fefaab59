"""libcni, the library by which runtimes in Go call plugins, behind a program of ours."""

import os
import shutil

import host

CONF_DIR = host.TESTS / "libcni"  # of a network of our bridge and the reference suite's tuning


class Libcni:
    """Calls the plugins of BIN_DIR, then Debian's, for the conflists in `conf_dir`."""

    def __init__(self, directory, conf_dir):
        self.program = directory / "libcni"
        path = f"{host.BIN_DIR}:{host.REFERENCE_DIR}"
        self.environment = os.environ | {"NETCONFPATH": str(conf_dir), "CNI_PATH": path}
        self.build(directory)

    def build(self, directory):
        """Offline: the library's sources are those of golang-github-appc-cni-dev."""
        go = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(directory / "go")}
        source = CONF_DIR / "main.go"
        command = ("go", "build", "-o", self.program, source)
        host.run(*command, env=os.environ | go | {"CGO_ENABLED": "0"})
        shutil.rmtree(directory / "go")

    def call(self, verb, network, netns, container_id):
        words = (verb, network, netns, container_id, "eth0")
        return host.run(self.program, *words, env=self.environment)
