"""A client of the Container Runtime Interface (cri.proto)."""

import importlib
import pathlib
import sys

import grpc
from google.protobuf.message_factory import MessageFactory

import host


def compile_protocol(directory):
    """Debian has no Python module of the interface: protoc makes one of our few messages."""
    host.run("protoc", f"-I{host.TESTS}", f"--python_out={directory}", "cri.proto")
    sys.path.insert(0, str(directory))
    return importlib.import_module("cri_pb2").DESCRIPTOR.services_by_name["RuntimeService"]


class RuntimeService:
    """The service behind a unix socket: call("Method", field=value, ...) returns the answer."""

    def __init__(self, socket, directory):
        self.service = compile_protocol(directory)
        # The default is the socket's escaped path, which containerd refuses as a host name.
        self.channel = grpc.insecure_channel(
            f"unix:{socket}", options=[("grpc.default_authority", "localhost")]
        )
        grpc.channel_ready_future(self.channel).result(timeout=host.PATIENCE)

    def call(self, name, **fields):
        method = self.service.methods_by_name[name]
        request, answer = map(
            MessageFactory().GetPrototype, (method.input_type, method.output_type)
        )
        invoke = self.channel.unary_unary(
            f"/{self.service.full_name}/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=answer.FromString,
        )
        return invoke(request(**fields), timeout=60)

    def close(self):
        self.channel.close()
