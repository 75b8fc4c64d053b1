"""SIGKILL at random times while four senders store and the node forwards: nothing acknowledged is lost, nothing goes out twice
with different bytes.

The senders keep a ledger of what was answered with 0000H. After every kill, with the node down, all of it must be on disk bit for
bit; after the last restart it must be in the index, the store and the audit trail must verify, and every released study must be
at the archive. A failure prints the seed: `kill_test.py --seed N` repeats the same schedule.
"""

import argparse
import collections
import glob
import hashlib
import os
import random
import shutil
import socket
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for _folder in ("../tools", "../../packaging"):
    sys.path.insert(0, os.path.normpath(os.path.join(HERE, _folder)))

import part10  # noqa: E402
from dimse_peer import Aborted, Closed, NotAccepted, Rejected, Requestor, StoreScp, store_contexts  # noqa: E402
from node import AE_TITLE, CALLING_AE_TITLE, DELIVERED, HELD, Node  # noqa: E402
from processes import LOOPBACK, wait_until  # noqa: E402
from sample_studies import patient, study  # noqa: E402

TRIAL = os.path.normpath(os.path.join(HERE, "..", "..", "etc", "trials", "ONC-301.yaml"))
SENDERS = 4
REPEATED = 0.1  # share of acknowledged instances that are sent again, as real senders do
SETTLE_TIMEOUT = 180  # seconds


class Ledger:
    """What the senders hold a success status for. Thread-safe."""

    def __init__(self):
        self._lock = threading.Lock()
        self._acknowledged = {}
        self.responses = 0

    def acknowledge(self, file):
        digest = hashlib.sha256(file.data_set).hexdigest()
        with self._lock:
            self._acknowledged[digest] = file.sop_instance
            self.responses += 1

    def snapshot(self):
        with self._lock:
            return dict(self._acknowledged)


class Stream:
    """An endless stream of studies: sample patients in turn, each time as a new study. Thread-safe."""

    def __init__(self, first_seed):
        self._lock = threading.Lock()
        self._made = 0
        self._seed = first_seed

    def next_study(self):
        with self._lock:
            number, self._made = self._made, self._made + 1
        made = study(patient(1 + number % 9), date="20260220", seed=f"{self._seed} {number}", slices=6, size=64)
        return [part10.split(instance.encode()) for instance in made.instances]


def send_for_ever(node, stream, ledger, stop, seed):
    """One sender: stores study after study, and tries again what was not acknowledged, until `stop`."""
    chance = random.Random(seed)
    waiting = collections.deque()
    while not stop.is_set():
        if not waiting:
            waiting.extend(stream.next_study())
        try:
            contexts = store_contexts(waiting)
            association = Requestor(LOOPBACK, node.port, CALLING_AE_TITLE, AE_TITLE, contexts, timeout=20)
        except (OSError, Rejected, Aborted, Closed):
            time.sleep(0.02)
            continue
        try:
            while waiting and not stop.is_set():
                file = waiting[0]
                status, _ = association.store(file.sop_class, file.sop_instance, file.transfer_syntax, file.data_set)
                if status != 0:
                    time.sleep(0.05)
                    continue
                ledger.acknowledge(file)
                waiting.popleft()
                if chance.random() < REPEATED:
                    waiting.append(file)
            association.release()
        except (OSError, Aborted, Closed, NotAccepted, socket.timeout):
            association.close()


class BlobStore:
    """The data sets on disk, read from outside; only new files are read again."""

    def __init__(self, directory):
        self._directory = directory
        self._known = {}

    def data_sets(self):
        """SHA-256 of every data set that is there now."""
        present = {path for path in glob.glob(os.path.join(self._directory, "*", "*", "*")) if os.path.isfile(path)}
        for path in present - set(self._known):
            with open(path, "rb") as blob:
                raw = blob.read()
            if hashlib.sha256(raw).hexdigest() != os.path.basename(path):
                raise AssertionError(f"torn blob: {path}")
            try:
                self._known[path] = hashlib.sha256(part10.split(raw).data_set).hexdigest()
            except part10.NotPart10:
                self._known[path] = None
        return {digest for path, digest in self._known.items() if path in present}


def check_disk(blobs, ledger, cycle):
    lost = {digest: uid for digest, uid in ledger.snapshot().items() if digest not in blobs.data_sets()}
    if lost:
        raise AssertionError(
            f"cycle {cycle}: {len(lost)} acknowledged instances are not on disk, e.g. {next(iter(lost.values()))}"
        )


def check_archive(archive):
    """Every instance that the archive got more than once is the same every time."""
    contents = collections.defaultdict(set)
    for received in list(archive.received):
        contents[received.sop_instance].add(hashlib.sha256(received.data_set).hexdigest())
    different = [uid for uid, digests in contents.items() if len(digests) > 1]
    if different:
        raise AssertionError(
            f"{len(different)} instances were forwarded twice with different bytes, e.g. {different[0]}"
        )
    return len(contents), len(archive.received) - len(contents)


def check_end(node, ledger, archive):
    """After the last restart: everything is indexed, settles, verifies, and what was released is at the archive."""
    settled = wait_until(lambda: all(row["state"] in HELD + DELIVERED for row in node.studies()), SETTLE_TIMEOUT, 1)
    rows = node.studies()
    if not settled:
        raise AssertionError(f"submissions did not settle: {collections.Counter(row['state'] for row in rows)}")
    indexed = {instance["sop_instance_uid"] for row in rows for instance in node.study(row["id"])["instances"]}
    missing = set(ledger.snapshot().values()) - indexed
    if missing:
        raise AssertionError(f"{len(missing)} acknowledged instances are not in the index, e.g. {next(iter(missing))}")
    for command in (("verify-store",), ("audit", "verify")):
        done = node.run(*command, timeout=300)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {(done.stdout + done.stderr).strip()}")
    wanted = sum(row["instances"] for row in rows if row["state"] in DELIVERED)
    got, _ = check_archive(archive)
    if got != wanted:
        raise AssertionError(f"{wanted} instances are delivered, but the archive holds {got}")
    return rows


def run(arguments, directory):
    chance = random.Random(arguments.seed)
    ledger, stream, archive = Ledger(), Stream(arguments.seed), StoreScp()
    destinations = [
        {"name": "irc-archive", "ae_title": "ARCHIVE", "host": LOOPBACK, "port": archive.port, "retry_first_seconds": 1}
    ]
    node = Node(os.path.join(directory, "node"), [TRIAL], destinations, settings={"quiet_seconds": 1})
    blobs = BlobStore(os.path.join(node.store, "blobs"))
    stop = threading.Event()
    senders = [
        threading.Thread(target=send_for_ever, args=(node, stream, ledger, stop, arguments.seed + at), daemon=True)
        for at in range(SENDERS)
    ]
    for at in range(arguments.cycles):
        node.start()
        if at == 0:
            for sender in senders:
                sender.start()
        time.sleep(chance.uniform(0.05, arguments.longest))
        if not node.alive():
            raise AssertionError(f"cycle {at}: the node ended by itself: {node.last_log_line()}")
        node.kill()
        check_disk(blobs, ledger, at)
        check_archive(archive)
        if (at + 1) % 20 == 0:
            print(
                f"kill: {at + 1} kills, {len(ledger.snapshot())} instances acknowledged, {len(archive.received)} forwarded",
                flush=True,
            )
    stop.set()
    for sender in senders:
        sender.join(30)
    with node:
        rows = check_end(node, ledger, archive)
    got, again = check_archive(archive)
    states = dict(collections.Counter(row["state"] for row in rows))
    print(
        f"kill: {arguments.cycles} kills, {ledger.responses} success responses for {len(ledger.snapshot())} instances, 0 lost"
    )
    print(
        f"kill: {len(rows)} submissions {states}; {got} instances at the archive, {again} sent again with the same bytes, 0 with others"
    )


def main():
    parser = argparse.ArgumentParser(description="Kills a node at random times and looks for losses.")
    parser.add_argument("--cycles", type=int, default=int(os.environ.get("TRIALGATE_KILL_CYCLES", "200")))
    parser.add_argument("--longest", type=float, default=1.5, help="longest life of a node, in seconds")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    arguments = parser.parse_args()
    print(f"kill: seed {arguments.seed}, {arguments.cycles} cycles, {SENDERS} senders", flush=True)
    directory = tempfile.mkdtemp(prefix="trialgate-kill-")
    try:
        run(arguments, directory)
    except AssertionError as error:
        print(
            f"kill: FAILED with seed {arguments.seed}: {error}\nkill: everything is left in {directory}",
            file=sys.stderr,
        )
        return 1
    shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
