"""Programs that a test starts beside the node, on free ports and in folders of their own, and how to end them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

LOOPBACK = "127.0.0.1"


class StartError(Exception):
    """A program did not come up. The text is one sentence for the reader of the test."""


def free_port():
    """A port that was free a moment ago. For programs that cannot bind port 0 and tell."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        return probe.getsockname()[1]


def wait_until(condition, timeout, interval=0.05):
    """Calls `condition` until it returns something true, and returns that; None after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            return None
        time.sleep(interval)


def listens(port):
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
        return True
    except OSError:
        return False


def end(process, timeout=15):
    """SIGTERM, then SIGKILL after `timeout` seconds. Returns the exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def peak_resident_kib(pid):
    """VmHWM of a running process (proc(5)); 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


class Peer:
    """A listening program. Use as a context manager, or call `close`. `environment` is added to the caller's."""

    def __init__(self, directory, arguments, port, name, environment=None):
        os.makedirs(directory, exist_ok=True)
        self.directory, self.port, self.name = directory, port, name
        self.log_path = os.path.join(directory, name + ".log")
        if shutil.which(arguments[0]) is None:
            raise StartError(f"{arguments[0]} is not installed.")
        environment_with = {**os.environ, **(environment or {})}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                arguments, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment_with
            )
        if (
            not wait_until(lambda: self.process.poll() is not None or listens(port), 30)
            or self.process.poll() is not None
        ):
            self.close()
            raise StartError(f"{name} did not start; its output is in {self.log_path}.")

    def close(self):
        end(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Storescp(Peer):
    """DCMTK's storescp, which writes what it receives to `instances` bit for bit."""

    def __init__(
        self,
        directory,
        ae_title="ARCHIVE",
        port=None,
        options=("--bit-preserving", "--fork", "--accept-all"),
        environment=None,
    ):
        self.instances = os.path.join(directory, "instances")
        os.makedirs(self.instances, exist_ok=True)
        port = port or free_port()
        arguments = [
            "storescp",
            "--quiet",
            *options,
            "--aetitle",
            ae_title,
            "--output-directory",
            self.instances,
            str(port),
        ]
        super().__init__(directory, arguments, port, "storescp", environment)

    def files(self):
        return sorted(os.path.join(self.instances, name) for name in os.listdir(self.instances))


class DcmQrScp(Peer):
    """DCMTK's dcmqrscp with one storage area."""

    def __init__(self, directory, ae_title="QRARCHIVE"):
        self.instances = os.path.join(directory, "instances")
        os.makedirs(self.instances, exist_ok=True)
        port = free_port()
        configuration = os.path.join(directory, "dcmqrscp.cfg")
        with open(configuration, "w") as out:
            out.write(
                f"NetworkTCPPort = {port}\nMaxPDUSize = 65536\nMaxAssociations = 16\n"
                f"HostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
                f"AETable BEGIN\n{ae_title} {self.instances} RW (2000, 4096mb) ANY\nAETable END\n"
            )
        super().__init__(directory, ["dcmqrscp", "--config", configuration], port, "dcmqrscp")

    def files(self):
        return sorted(os.path.join(self.instances, name) for name in os.listdir(self.instances) if name != "index.dat")


class Orthanc(Peer):
    """Orthanc with `modalities` = {name: (AE title, port)}. `settings` are added to its configuration."""

    def __init__(self, directory, ae_title="ORTHANC", modalities=None, settings=None, environment=None):
        os.makedirs(directory, exist_ok=True)
        port, self.http_port = free_port(), free_port()
        configuration = {
            "Name": "test",
            "StorageDirectory": os.path.join(directory, "storage"),
            "IndexDirectory": os.path.join(directory, "storage"),
            "DicomAet": ae_title,
            "DicomPort": port,
            "HttpPort": self.http_port,
            "HttpServerEnabled": True,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowStore": True,
            "DicomCheckCalledAet": False,
            "UnknownSopClassAccepted": True,
            "SyncStorageArea": True,
            "OverwriteInstances": False,
            "StableAge": 2,
            "Plugins": [],
            "DicomModalities": {
                name: [title, LOOPBACK, remote] for name, (title, remote) in (modalities or {}).items()
            },
        }
        configuration.update(settings or {})
        path = os.path.join(directory, "orthanc.json")
        with open(path, "w") as out:
            json.dump(configuration, out)
        super().__init__(directory, ["Orthanc", path], port, "Orthanc", environment)
        if not wait_until(lambda: self._answers(), 30):
            self.close()
            raise StartError(f"Orthanc's web service did not start; its output is in {self.log_path}.")

    def _answers(self):
        try:
            return self.request("GET", "/system")
        except OSError:
            return None

    def request(self, method, path, body=None, timeout=120):
        """A call of its REST API; JSON is decoded, anything else comes as bytes. Errors: OSError."""
        raw = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{LOOPBACK}:{self.http_port}{path}", data=raw, method=method)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            content = answer.read()
        return json.loads(content) if "json" in answer.headers.get("Content-Type", "") else content

    def instances(self):
        return self.request("GET", "/instances")
