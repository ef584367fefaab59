"""Pods of containerd and runc, made through the Container Runtime Interface."""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import string
import subprocess

import busybox
import cri
import host

STATE = pathlib.Path("/run/containerd-test")
IMAGE = "docker.io/local/web:1"
LOG = STATE / "containerd.log"
CALLS = STATE / "calls.log"  # a line for each execution of a plugin

# The native snapshotter copies files: no overlay file system is asked of the kernel.
CONFIG = string.Template("""
version = 2
root = "$state/root"
state = "$state/state"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "$state/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$image"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$bin"
    conf_dir = "$state/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
""")


class Pod:
    """A pod whose only container, the sandbox, answers to HTTP."""

    def __init__(self, runtime, name):
        self.runtime = runtime
        config = {
            "metadata": {"name": name, "uid": f"uid-{name}", "namespace": "default"},
            "hostname": name,
            "linux": {"cgroup_parent": f"/{host.CGROUP}"},
        }
        self.id = runtime.call("RunPodSandbox", config=config).pod_sandbox_id
        status = runtime.call("PodSandboxStatus", pod_sandbox_id=self.id, verbose=True)
        self.address = status.status.network.ip
        info = json.loads(status.info["info"])
        self.pid = info["pid"]
        self.netns = netns_of(info["runtimeSpec"])

    def stop(self):
        self.runtime.call("StopPodSandbox", pod_sandbox_id=self.id)

    def remove(self):
        self.runtime.call("RemovePodSandbox", pod_sandbox_id=self.id)


def netns_of(spec):
    namespaces = spec["linux"]["namespaces"]
    return next(each["path"] for each in namespaces if each["type"] == "network")


def calls_of(plugin, pod):
    """How often `plugin` was executed for `pod`, and ended well."""
    return len(re.findall(f" {plugin} {pod.id} \\w+: done", CALLS.read_text()))


class ContainerdTest(host.HostTestCase):
    @classmethod
    def setUpClass(cls):
        (STATE / "net.d").mkdir(parents=True)
        shutil.copy(host.SOURCES / "conf/bridge.conflist", STATE / "net.d")
        config = CONFIG.substitute(state=STATE, bin=host.BIN_DIR, image=IMAGE)
        (STATE / "config.toml").write_text(config)
        cls.start_daemon()
        cls.runtime = cri.RuntimeService(STATE / "containerd.sock", STATE)
        cls.import_image()
        cls.stop_and_remove([Pod(cls.runtime, "first")])

    @classmethod
    def start_daemon(cls):
        environment = os.environ | {"PATCHBAY_LOG": "info", "PATCHBAY_LOG_TO": str(CALLS)}
        with LOG.open("w") as log:
            cls.daemon = subprocess.Popen(
                ["containerd", "--config", STATE / "config.toml"], env=environment, stderr=log
            )

    @classmethod
    def import_image(cls):
        rootfs = busybox.make_rootfs(STATE / "rootfs")
        busybox.make_image(rootfs, STATE / "image.tar", IMAGE, ["/bin/httpd", "-f", "-h", "/"])
        ctr = ("ctr", "--address", STATE / "containerd.sock", "--namespace", "k8s.io")
        host.run(*ctr, "image", "import", "--snapshotter", "native", STATE / "image.tar")

    @classmethod
    def tearDownClass(cls):
        cls.runtime.close()
        cls.daemon.terminate()
        cls.daemon.wait(timeout=host.PATIENCE)

    def start_pods(self, *names):
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(lambda name: Pod(self.runtime, name), names))

    @staticmethod
    def stop_and_remove(pods):
        with concurrent.futures.ThreadPoolExecutor(len(pods)) as pool:
            list(pool.map(Pod.stop, pods))
            list(pool.map(Pod.remove, pods))

    def expect_answer(self, netns, pod):
        host.ping(netns, pod.address)
        page = host.within(netns, "busybox", "wget", "-q", "-O-", f"http://{pod.address}/")
        self.assertEqual(page, busybox.PAGE)

    def test_network_is_ready(self):
        conditions = self.runtime.call("Status").status.conditions

        self.assertEqual({each.type: each.status for each in conditions}["NetworkReady"], True)

    def test_pods_reach_each_other_and_the_host_reaches_them(self):
        pods = self.start_pods("one", "two")

        self.expect_answer(pods[0].netns, pods[1])
        self.expect_answer(pods[1].netns, pods[0])
        self.expect_answer("/proc/self/ns/net", pods[0])
        self.stop_and_remove(pods)

    def test_loopback_is_up_in_a_pod(self):
        pod = Pod(self.runtime, "lo")

        host.ping(pod.netns, "127.0.0.1")
        self.assertEqual(calls_of("loopback", pod), 1)
        self.stop_and_remove([pod])

    def test_stopping_frees_everything_and_removing_may_delete_again(self):
        """The second DEL comes with an empty CNI_NETNS and without prevResult."""
        before_pod = host.network()
        pod = Pod(self.runtime, "twice")
        self.assertEqual(calls_of("bridge", pod), 1)

        pod.stop()
        self.assertEqual(calls_of("bridge", pod), 2)
        self.assertEqual(host.network(), before_pod)

        pod.remove()
        self.assertEqual(calls_of("bridge", pod), 3)
        self.assertEqual(calls_of("loopback", pod), 3)

    def test_removing_a_pod_whose_process_was_killed(self):
        pod = Pod(self.runtime, "killed")

        os.kill(pod.pid, signal.SIGKILL)
        self.stop_and_remove([pod])

    def test_fifteen_pods_at_once(self):
        pods = self.start_pods(*(f"pod{number}" for number in range(15)))

        self.assertEqual(len({pod.address for pod in pods}), 15)
        for pod, neighbour in zip(pods, pods[1:] + pods[:1]):
            self.expect_answer(pod.netns, neighbour)
        self.stop_and_remove(pods)


if __name__ == "__main__":
    host.main(LOG, CALLS)
