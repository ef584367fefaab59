"""runc alone: a container in a namespace that `ip netns` made and a CNI plugin attached."""

import json
import os
import pathlib
import shutil
import signal

import busybox
import host
import libcni

STATE = pathlib.Path("/run/runc-test")
NETWORK = "patchbay"  # of conf/bridge.conflist


def write_bundle(bundle, name):
    """A bundle whose only process answers to HTTP in the namespace `name`."""
    host.run("runc", "spec", "--bundle", bundle)
    file = bundle / "config.json"
    spec = json.loads(file.read_text())
    spec["process"] |= {"args": ["/bin/httpd", "-f", "-h", "/"], "terminal": False, "rlimits": []}
    spec["root"]["path"] = str(STATE / "rootfs")
    linux = spec["linux"]
    linux["cgroupsPath"] = f"/{host.CGROUP}/{name}"
    network = next(each for each in linux["namespaces"] if each["type"] == "network")
    network["path"] = f"/run/netns/{name}"
    file.write_text(json.dumps(spec))


class Container:
    """Attached, then started."""

    def __init__(self, cni, name):
        self.cni = cni
        self.name = name
        self.netns = host.make_netns(name)
        result = json.loads(cni.call("add", NETWORK, self.netns, name))
        self.address = result["ips"][0]["address"].split("/")[0]
        self.bundle = STATE / name
        self.bundle.mkdir()
        write_bundle(self.bundle, name)
        host.run("runc", "run", "--detach", "--bundle", self.bundle, name)

    @property
    def state(self):
        return json.loads(host.run("runc", "state", self.name))

    def remove(self):
        host.run("runc", "delete", "--force", self.name)
        self.cni.call("del", NETWORK, self.netns, self.name)
        host.delete_netns(self.name)
        shutil.rmtree(self.bundle)


class RuncTest(host.HostTestCase):
    @classmethod
    def setUpClass(cls):
        STATE.mkdir()
        busybox.make_rootfs(STATE / "rootfs")
        cls.cni = libcni.Libcni(STATE, host.SOURCES / "conf")
        Container(cls.cni, "first").remove()

    def start(self, name):
        container = Container(self.cni, name)
        self.addCleanup(container.remove)
        return container

    def test_containers_reach_each_other(self):
        red = self.start("red")
        blue = self.start("blue")

        host.ping(red.netns, blue.address)
        page = host.run("runc", "exec", "blue", "wget", "-q", "-O-", f"http://{red.address}/")
        self.assertEqual(page, busybox.PAGE)

    def test_killed_container_keeps_its_attachment_until_it_is_deleted(self):
        red = self.start("red")

        os.kill(red.state["pid"], signal.SIGKILL)
        self.assertTrue(host.holds_soon(lambda: red.state["status"] == "stopped"))
        self.cni.call("check", NETWORK, red.netns, "red")


if __name__ == "__main__":
    host.main()
