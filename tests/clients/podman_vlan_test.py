"""Containers of podman on a network with a VLAN, which takes a kernel that filters VLANs."""

import host
import podman

ADDRESS = "10.237.0.50"


def kernel_filters_vlans():
    try:
        host.run("ip", "link", "add", "probe0", "type", "bridge", "vlan_filtering", "1")
    except AssertionError:
        return False
    host.run("ip", "link", "delete", "probe0")
    return True


class PodmanVlanTest(podman.PodmanTestCase):
    @classmethod
    def setUpClass(cls):
        podman.prepare()
        podman.Container("first", "--network", "envlan")
        podman.remove("first")

    def test_host_reaches_a_container_of_a_vlan(self):
        self.start("one", "--network", "envlan", "--ip", ADDRESS)

        host.ping("/proc/self/ns/net", ADDRESS)
        self.assertIn("mtu 1400", host.run("ip", "link", "show", "type", "veth"))


if __name__ == "__main__":
    if not kernel_filters_vlans():
        host.skip("this kernel has no CONFIG_BRIDGE_VLAN_FILTERING")
    host.main()
