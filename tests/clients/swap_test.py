"""libcni and `patchbay` take over from each other on one cache."""

import pathlib

import host
import libcni

STATE = pathlib.Path("/run/swap-test")
NETNS = "/run/netns/red"


class SwapTest(host.HostTestCase):
    @classmethod
    def setUpClass(cls):
        STATE.mkdir()
        cls.caller = libcni.Libcni(STATE, libcni.CONF_DIR)
        host.make_netns("red")
        for call in (cls.libcni, cls.patchbay):
            call("add")
            call("del")

    @classmethod
    def libcni(cls, verb):
        return cls.caller.call(verb, "chain", NETNS, "red")

    @staticmethod
    def patchbay(verb):
        options = ("--conf-dir", libcni.CONF_DIR, "--container-id", "red")
        return host.run(host.BIN_DIR / "patchbay", verb, *options, "chain", NETNS)

    def test_patchbay_takes_over_from_libcni(self):
        self.libcni("add")

        self.patchbay("check")
        self.patchbay("del")

    def test_libcni_takes_over_from_patchbay(self):
        self.patchbay("add")

        self.libcni("check")
        self.libcni("del")


if __name__ == "__main__":
    host.main()
