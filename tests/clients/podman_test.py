"""Containers of podman and runc on networks of CNI conflists."""

import os
import signal

import busybox
import host
import podman


class PodmanTest(podman.PodmanTestCase):
    @classmethod
    def setUpClass(cls):
        podman.prepare()
        # The parent of the macvlan network.
        host.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "wire0")
        host.run("ip", "link", "set", "eth0", "up")
        host.run("ip", "link", "set", "wire0", "up")
        networks = [f"--network={name}" for name in ("podman", "ennet", "enint", "enmac")]
        podman.Container("first", "--publish", "8080:80", *networks)
        podman.remove("first")

    def expect_page(self, url, netns="/proc/self/ns/net"):
        page = host.within(netns, "busybox", "wget", "-q", "-O-", url)
        self.assertEqual(page, busybox.PAGE)

    def test_all_networks_are_accepted(self):
        names = podman.run("network", "ls", "--format", "{{.Name}}").split()

        self.assertEqual(sorted(names), ["enint", "enmac", "ennet", "envlan", "podman"])

    def test_default_network(self):
        one = self.start("one")
        two = self.start("two", "--publish", "127.0.0.1:8080:80")

        self.assertIn("alias patchbay:podman:", host.run("ip", "-d", "link"))
        self.expect_page(f"http://{one.on('podman')['IPAddress']}/", two.netns)
        self.expect_page("http://127.0.0.1:8080/")

    def test_dual_stack(self):
        one = self.start("one", "--network", "ennet")
        two = self.start("two", "--network", "ennet")

        host.ping(one.netns, two.on("ennet")["IPAddress"])
        host.ping(two.netns, one.on("ennet")["GlobalIPv6Address"])
        self.expect_page(f"http://[{two.on('ennet')['GlobalIPv6Address']}]/", one.netns)

    def test_two_networks(self):
        both = self.start("both", "--network", "ennet", "--network", "enint")
        inner = self.start("inner", "--network", "enint")

        host.ping(inner.netns, both.on("enint")["IPAddress"])
        host.ping(both.netns, "10.233.0.1")

    def test_internal_network_has_no_way_out(self):
        inner = self.start("inner", "--network", "enint")

        self.assertNotIn("default", inner.routes())

    def test_address_and_mac_of_choice(self):
        mac = "02:11:22:33:44:55"
        options = ("--network", "ennet", "--ip", "10.233.0.50", "--mac-address", mac)
        fixed = self.start("fixed", *options)

        self.assertEqual(fixed.on("ennet")["IPAddress"], "10.233.0.50")
        self.assertEqual(fixed.on("ennet")["MacAddress"], mac)
        host.ping("/proc/self/ns/net", "10.233.0.50")

    def test_connect_and_disconnect(self):
        one = self.start("one", "--network", "ennet")
        other = self.start("other", "--network", "enint")

        podman.run("network", "connect", "enint", "one")
        host.ping(other.netns, one.on("enint")["IPAddress"])
        podman.run("network", "disconnect", "ennet", "one")
        self.assertNotIn("10.233.0.", host.within(one.netns, "ip", "address"))
        host.ping(other.netns, one.on("enint")["IPAddress"])

    def test_macvlan_takes_its_address_from_host_local(self):
        one = self.start("one", "--network", "enmac")
        two = self.start("two", "--network", "enmac")

        host.ping(one.netns, two.on("enmac")["IPAddress"])

    def test_killed_container(self):
        killed = self.start("killed", "--network", "ennet")

        os.kill(killed.inspect("State.Pid"), signal.SIGKILL)
        self.assertTrue(host.holds_soon(lambda: not killed.inspect("State.Running")))


if __name__ == "__main__":
    host.main()
