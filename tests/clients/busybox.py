"""Containers without a registry: a root file system of Debian's busybox-static, and its image."""

import hashlib
import io
import json
import os
import pathlib
import shutil
import tarfile

import host

PAGE = "hello\n"  # what httpd answers with
COMMANDS = ("sh", "sleep", "ip", "ping", "httpd", "wget")


def make_rootfs(directory):
    """A root file system whose /bin has COMMANDS."""
    rootfs = pathlib.Path(directory)
    for name in ("bin", "dev", "etc", "proc", "run", "sys", "tmp"):
        (rootfs / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", rootfs / "bin/busybox")
    for name in COMMANDS:
        os.symlink("busybox", rootfs / "bin" / name)
    (rootfs / "index.html").write_text(PAGE)
    return rootfs


class Layout:
    """A tar archive in the OCI image layout."""

    def __init__(self, path):
        self.archive = tarfile.open(path, "w")

    def add(self, name, content):
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        self.archive.addfile(entry, io.BytesIO(content))

    def add_blob(self, media_type, content):
        """Stores `content` under its digest; returns the descriptor that refers to it."""
        digest = hashlib.sha256(content).hexdigest()
        self.add(f"blobs/sha256/{digest}", content)
        media_type = f"application/vnd.oci.image.{media_type}"
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def close(self):
        self.archive.close()


def encode(value):
    return json.dumps(value).encode()


def pack(directory):
    """The files below `directory` as an uncompressed tar archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(directory, arcname=".")
    return packed.getvalue()


def make_image(rootfs, path, name, command):
    """An archive at `path` with one image, `name`, whose containers run `command`."""
    layout = Layout(path)
    layer = layout.add_blob("layer.v1.tar", pack(rootfs))
    platform = {"architecture": host.run("dpkg", "--print-architecture").strip(), "os": "linux"}
    config = {
        **platform,
        "config": {"Env": ["PATH=/bin"], "Entrypoint": command},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "config": layout.add_blob("config.v1+json", encode(config)),
        "layers": [layer],
    }
    entry = layout.add_blob("manifest.v1+json", encode(manifest))
    entry |= {"platform": platform, "annotations": {"io.containerd.image.name": name}}
    layout.add("oci-layout", encode({"imageLayoutVersion": "1.0.0"}))
    layout.add("index.json", encode({"schemaVersion": 2, "manifests": [entry]}))
    layout.close()
