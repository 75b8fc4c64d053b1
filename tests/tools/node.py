"""Starts, asks and ends a trialgate node in a folder of its own."""

import json
import os
import secrets
import signal
import subprocess

from processes import LOOPBACK, StartError, end, wait_until

SITE = "SITE01"
CALLING_AE_TITLE = "SITE01_CT"
AE_TITLE = "TRIALGATE"
# The sample trial delivers to it; nothing listens on the discard port of the loopback address.
NO_ARCHIVE = ({"name": "irc-archive", "ae_title": "ARCHIVE", "host": LOOPBACK, "port": 9},)
HELD = ("quarantined",)
DELIVERED = ("delivered", "confirmed")


def to_yaml(value, indent=0):
    """Block-style YAML of nested dicts and lists of scalars; scalars are written as JSON, which YAML includes."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        lines = []
        for key, item in value.items():
            nested = isinstance(item, (dict, list)) and item
            lines.append(f"{pad}{key}:\n{to_yaml(item, indent + 1)}" if nested else f"{pad}{key}: {json.dumps(item)}\n")
        return "".join(lines)
    if isinstance(value, list) and value:
        return "".join(pad + "- " + to_yaml(item, indent + 1).lstrip() for item in value)
    return pad + json.dumps(value) + "\n"


def default_program():
    """The node's program: $TRIALGATE_PROGRAM, which ctest sets, or the release build."""
    here = os.path.dirname(os.path.abspath(__file__))
    built = os.path.join(here, "..", "..", "build", "release", "gateway", "trialgate")
    return os.environ.get("TRIALGATE_PROGRAM") or os.path.normpath(built)


class CommandError(Exception):
    """A trialgate command ended with another exit code than 0."""


class Node:
    """One node: its folder holds `node.yaml`, the key, the store and the log. Use as a context manager, or call `stop`.

    `trials`: paths of trial files; `destinations`: [{name, ae_title, host, port, ...}], by default one that is away; `peers`: further or other sources;
    `settings`: keys of the `node` section that differ from the ones below; `sections`: further sections of the node file.
    """

    def __init__(self, directory, trials, destinations=NO_ARCHIVE, peers=None, settings=None, program=None, sections=None):
        self.directory = directory
        self.program = program or default_program()
        self.store = os.path.join(directory, "store")
        self.config_path = os.path.join(directory, "node.yaml")
        self.log_path = os.path.join(directory, "node.log")
        self.port_file = os.path.join(directory, "port")
        self.process, self.port = None, 0
        os.makedirs(directory, exist_ok=True)
        key = os.path.join(directory, "node.key")
        if not os.path.exists(key):
            with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
                out.write(secrets.token_hex(32) + "\n")
        node = {
            "ae_title": AE_TITLE,
            "listen": [{"address": LOOPBACK, "port": 0}],
            "store": self.store,
            "key_file": key,
            "quiet_seconds": 2,
            "free_space": {"percent": 1, "gib": 1},
        }
        node.update(settings or {})
        self.config = {
            "node": node,
            "peers": peers or [{"ae_title": CALLING_AE_TITLE, "site": SITE, "addresses": ["127.0.0.0/8"]}],
            "destinations": list(destinations),
            "trials": [{"file": path} for path in trials],
            **(sections or {}),
        }
        self.write_config()

    def write_config(self):
        with open(self.config_path, "w") as out:
            out.write(to_yaml(self.config))

    def start(self, timeout=60, wrapper=()):
        """Starts the node and returns when it listens. `wrapper`: a command that runs it, e.g. a tracer. Errors: StartError."""
        if not os.access(self.program, os.X_OK):
            raise StartError(f"The node's program is not built: {self.program}")
        if os.path.exists(self.port_file):
            os.unlink(self.port_file)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*wrapper, self.program, "serve", "--config", self.config_path, "--port-file", self.port_file],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.port = wait_until(self._bound_port, timeout) or 0
        if not self.port or self.process.poll() is not None:
            self.stop()
            raise StartError(f"The node did not start: {self.last_log_line()}")
        return self

    def _bound_port(self):
        if self.process.poll() is not None:
            return -1
        try:
            with open(self.port_file) as file:
                text = file.read()
        except FileNotFoundError:
            return 0
        return int(text.split()[0]) if text.endswith("\n") else 0

    def ports(self):
        """Of all addresses that it listens on, in the order of its file."""
        with open(self.port_file) as file:
            return [int(port) for port in file.read().split()]

    def last_log_line(self):
        lines = self.log().strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def stop(self, timeout=30):
        """Ends the node as its operator would. Returns the exit code."""
        return end(self.process, timeout) if self.process else None

    def kill(self):
        """SIGKILL: the node gets no chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def run(self, *arguments, timeout=120):
        """Runs `trialgate ARGUMENTS --config ...` and returns the CompletedProcess."""
        return subprocess.run(
            [self.program, *arguments, "--config", self.config_path],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def check_config(self):
        """Runs `trialgate check-config` on the node's file and returns the CompletedProcess."""
        return subprocess.run(
            [self.program, "check-config", self.config_path],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def ask(self, *arguments):
        """The decoded answer of a command with --json. Errors: CommandError."""
        done = self.run(*arguments, "--json")
        if done.returncode != 0:
            raise CommandError(f"trialgate {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def studies(self):
        """All submissions, as `studies list` gives them."""
        answer = self.ask("studies", "list")
        return answer["studies"] if isinstance(answer, dict) else answer

    def study(self, submission):
        return self.ask("studies", "show", str(submission))

    def by_study_uid(self, study_uid):
        """The submission of a study, or None."""
        return next((row for row in self.studies() if row["study_uid"] == study_uid), None)

    def wait_for_state(self, study_uid, states, timeout=60):
        """The submission of a study once it is in one of `states`; None after `timeout` seconds."""

        def reached():
            row = self.by_study_uid(study_uid)
            return row if row and row["state"] in states else None

        return wait_until(reached, timeout, 0.2)

    def blob_path(self, digest):
        """Where the blob store keeps the blob of this SHA-256 (hex)."""
        return os.path.join(self.store, "blobs", digest[0:2], digest)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
