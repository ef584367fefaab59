"""libcni itself: ADD, CHECK and DEL of a conflist."""

import ipaddress
import json
import pathlib

import host
import libcni

STATE = pathlib.Path("/run/libcni-test")


class LibcniTest(host.HostTestCase):
    @classmethod
    def setUpClass(cls):
        STATE.mkdir()
        cls.libcni = libcni.Libcni(STATE, libcni.CONF_DIR)
        host.make_netns("first")
        cls.call("add", "first")
        cls.call("del", "first")
        host.delete_netns("first")

    @classmethod
    def call(cls, verb, name):
        return cls.libcni.call(verb, "chain", f"/run/netns/{name}", name)

    def attach(self, name):
        """A namespace with an attachment; both go with the test, if the test leaves them."""
        self.addCleanup(host.delete_netns, name)
        host.make_netns(name)
        self.addCleanup(self.call, "del", name)
        return json.loads(self.call("add", name))

    def test_add_check_delete(self):
        result = self.attach("red")

        address = ipaddress.ip_interface(result["ips"][0]["address"])
        host.ping("/proc/self/ns/net", address.ip)
        self.call("check", "red")
        self.call("del", "red")
        self.assertNotIn("eth0", host.within("/run/netns/red", "ip", "link"))

    def test_check_finds_a_missing_address(self):
        self.attach("red")

        host.within("/run/netns/red", "ip", "address", "flush", "dev", "eth0")
        with self.assertRaisesRegex(AssertionError, "10.22.0.*missing"):
            self.call("check", "red")

    def test_delete_without_namespace(self):
        self.attach("red")

        host.delete_netns("red")
        self.call("del", "red")
        host.make_netns("red")

    def test_second_add_is_refused_and_the_first_lives_on(self):
        self.attach("red")

        with self.assertRaisesRegex(AssertionError, "eth0"):
            self.call("add", "red")
        self.call("check", "red")


if __name__ == "__main__":
    host.main()
