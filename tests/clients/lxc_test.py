"""LXC containers attached by `patchbay lxc-hook`, set up as docs/lxc.md says."""

import os
import pathlib
import re
import shutil
import signal
import unittest

import host
import switch

STATE = pathlib.Path("/run/lxc-test")
CONTAINERS = STATE / "containers"
LOG = STATE / "lxc.log"
CONFLISTS = STATE / "net.d"
HOOK = f"{host.BIN_DIR}/patchbay lxc-hook --conf-dir {CONFLISTS}"


def write_config():
    """The snippet that users include, with the executable of this build for the installed one."""
    snippet = (host.SOURCES / "conf/lxc/patchbay.conf").read_text()
    snippet = snippet.replace("/usr/local/bin/patchbay lxc-hook", HOOK)
    ours = ["lxc.apparmor.profile = unconfined", f"lxc.cgroup.dir = {host.CGROUP}"]
    (STATE / "default.conf").write_text("\n".join([snippet, *ours, ""]))


def setUpModule():
    CONTAINERS.mkdir(parents=True)
    CONFLISTS.mkdir()
    for conflist in ("lxc/lxc.conflist", "ovs-access.conflist"):
        shutil.copy(host.SOURCES / "conf" / conflist, CONFLISTS)
    write_config()


class Container:
    """A privileged container of busybox."""

    def __init__(self, name, network):
        self.name = name
        self.netns = f"/run/netns/lxc-{name}"
        self.lxc("create", "-f", STATE / "default.conf", "-t", "busybox")
        # Without this its init asks DHCP, and takes the address away when there is no answer.
        startup = CONTAINERS / name / "rootfs/etc/init.d/rcS"
        startup.write_text(re.sub(".*udhcpc.*\n", "", startup.read_text()))
        (CONTAINERS / name / "patchbay.networks").write_text(network)

    def lxc(self, verb, *options):
        """Runs lxc-VERB for this container."""
        common = ("--lxcpath", CONTAINERS, "--name", self.name)
        log = ("--logfile", LOG, "--logpriority", "INFO")
        return host.run(f"lxc-{verb}", *common, *log, *options)

    def start(self):
        self.lxc("start")
        return self

    @property
    def state(self):
        return self.lxc("info", "--state", "--no-humanize").strip()

    @property
    def init(self):
        """Its process id; None when it does not run."""
        shown = self.lxc("info", "--pid", "--no-humanize")
        return int(shown) if shown.strip() else None

    @property
    def monitor(self):
        return int(host.run("ps", "-o", "ppid=", "-p", self.init))

    @property
    def address(self):
        shown = host.within(self.netns, "ip", "-4", "-o", "address", "show", "dev", "eth0")
        return re.search(r"inet ([0-9.]+)", shown).group(1)

    def ping(self, address):
        self.lxc("attach", "--", "ping", "-c", "1", "-W", "2", address)

    def kill(self, pid):
        os.kill(pid, signal.SIGKILL)
        if not host.holds_soon(lambda: self.state == "STOPPED"):
            raise AssertionError(f"{self.name} is {self.state}")

    def end(self):
        if self.state != "STOPPED":
            self.lxc("stop", "--kill")

    def destroy(self):
        self.lxc("destroy", "--force")


class LxcTests:
    """What is tried on each `network`."""

    @classmethod
    def setUpClass(cls):
        cls.one = Container("one", cls.network)
        cls.two = Container("two", cls.network)
        cls.one.start().end()

    @classmethod
    def tearDownClass(cls):
        cls.one.destroy()
        cls.two.destroy()

    def snapshot(self):
        """Without LXC's cgroups: it leaves some when its monitor is killed or a start fails."""
        return [line for line in super().snapshot() if not line.startswith("cgroup ")]

    def setUp(self):
        super().setUp()
        self.addCleanup(self.one.end)
        self.one.start()

    def test_containers_reach_each_other(self):
        self.addCleanup(self.two.end)
        self.two.start()

        self.one.ping(self.two.address)
        self.two.ping(self.one.address)

    def test_stop(self):
        self.one.lxc("stop", "--timeout", "10")

        self.expect_detached("one")

    def test_reboot(self):
        self.addCleanup(self.two.end)
        self.two.start()
        before = self.one.init

        self.one.lxc("stop", "--reboot")
        self.assertTrue(host.holds_soon(lambda: self.one.init not in (None, before)))
        self.assertTrue(host.holds_soon(lambda: self.one.state == "RUNNING"))
        self.two.ping(self.one.address)

    def test_killed_init(self):
        self.one.kill(self.one.init)

        self.expect_detached("one")

    def test_start_after_the_monitor_was_killed(self):
        self.one.kill(self.one.monitor)

        self.one.start()
        self.addCleanup(self.two.end)
        self.two.start().ping(self.one.address)

    def test_destroy_after_the_monitor_was_killed(self):
        three = Container("three", self.network).start()

        three.kill(three.monitor)
        three.destroy()

    def test_destroy_while_running(self):
        Container("three", self.network).start().destroy()

    def test_start_fails_when_a_network_does(self):
        three = Container("three", f"{self.network} missing")
        self.addCleanup(three.destroy)

        with self.assertRaisesRegex(AssertionError, "failed to start"):
            three.start()
        self.expect_detached("three")

    def expect_detached(self, name):
        """While its files are there: what is left now is not cleared up by lxc-destroy."""
        pin = pathlib.Path(f"/run/netns/lxc-{name}")
        self.assertTrue(host.holds_soon(lambda: not pin.exists()))
        self.assertNotIn(f"lxc-{name}", host.run(host.BIN_DIR / "patchbay", "list"))


class BridgeTest(LxcTests, host.HostTestCase):
    network = "lxc"


@unittest.skipUnless((host.BIN_DIR / "ovs").exists(), "the plugin ovs was not built")
class OvsTest(LxcTests, host.HostTestCase):
    network = "patchbay-ovs-access"

    @classmethod
    def setUpClass(cls):
        cls.switch = switch.Switch()
        cls.switch.add_bridge("ovs-access")
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.switch.stop()

    def snapshot(self):
        return super().snapshot() + self.switch.rows()


if __name__ == "__main__":
    host.main(LOG)
