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
from node import AE_TITLE, CALLING_AE_TITLE, DELIVERED, HELD, SITE, Node  # noqa: E402
from processes import LOOPBACK, StartError, wait_until  # noqa: E402
from sample_studies import BASELINE, study  # noqa: E402
from synthetic_study import Patient  # noqa: E402

TRIAL = os.path.normpath(os.path.join(HERE, "..", "..", "etc", "trials", "ONC-301.yaml"))
SENDERS = 4
SUBJECTS = 400  # enough that nearly every study is a subject's first baseline
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


def kill_patient(number):
    return Patient(f"SYNTHETIC^PATIENT {number}", f"TG-KILL-{number:04d}", birth_date="19600101")


def write_trial(directory):
    """The sample trial with SUBJECTS more subjects in its register. Returns its path."""
    os.makedirs(directory, exist_ok=True)
    register_path = shutil.copy(TRIAL.replace(".yaml", "-subjects.csv"), directory)
    shutil.copy(TRIAL, directory)
    with open(register_path, "a") as register:
        for number in range(SUBJECTS):
            who = kill_patient(number)
            register.write(f"{SITE},,{who.patient_id},KILL-{number:04d},,2026-02-16,2026-03-02\n")
    return os.path.join(directory, os.path.basename(TRIAL))


class Stream:
    """An endless stream of studies: the subjects in turn, each time with a new study. Thread-safe."""

    def __init__(self, first_seed):
        self._lock = threading.Lock()
        self._made = 0
        self._seed = first_seed

    def next_study(self):
        with self._lock:
            number, self._made = self._made, self._made + 1
        who = kill_patient(number % SUBJECTS)
        made = study(who, date=BASELINE, seed=f"{self._seed} {number}", slices=12, size=48)
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
        present = set(glob.glob(os.path.join(self._directory, "*", "*")))
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
    kept = blobs.data_sets()
    lost = {digest: uid for digest, uid in ledger.snapshot().items() if digest not in kept}
    if lost:
        raise AssertionError(
            f"cycle {cycle}: {len(lost)} acknowledged instances are not on disk, e.g. {next(iter(lost.values()))}"
        )


class Forwarded:
    """What the archive got, and that it got every instance with the same bytes each time."""

    def __init__(self, archive):
        self._archive = archive
        self._looked_at = 0
        self._digests = {}

    def check(self):
        # What comes meanwhile is looked at the next time.
        received = self._archive.received[self._looked_at :]
        for instance in received:
            digest = hashlib.sha256(instance.data_set).digest()
            if self._digests.setdefault(instance.sop_instance, digest) != digest:
                raise AssertionError(f"forwarded twice with different bytes: {instance.sop_instance}")
        self._looked_at += len(received)

    @property
    def instances(self):
        return set(self._digests)

    @property
    def repeated(self):
        return self._looked_at - len(self._digests)


def check_end(node, ledger, forwarded):
    """After the last restart: everything is indexed, settles, verifies, and what counts as delivered is at the archive."""
    wanted = len(ledger.snapshot())

    def settled():
        rows = node.studies()
        indexed = sum(row["instances"] for row in rows)
        return indexed >= wanted and all(row["state"] in HELD + DELIVERED for row in rows)

    if not wait_until(settled, SETTLE_TIMEOUT, 1):
        states = collections.Counter(row["state"] for row in node.studies())
        raise AssertionError(f"submissions did not settle: {dict(states)}")
    for command in (("verify-store",), ("audit", "verify")):
        done = node.run(*command, timeout=300)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {(done.stdout + done.stderr).strip()}")
    details = [node.study(row["id"]) for row in node.studies()]
    indexed = {instance["sop_instance_uid"] for detail in details for instance in detail["instances"]}
    missing = set(ledger.snapshot().values()) - indexed
    if missing:
        raise AssertionError(f"{len(missing)} acknowledged instances are not in the index, e.g. {next(iter(missing))}")
    forwarded.check()
    check_deliveries(details, forwarded.instances)
    return details


def check_deliveries(details, at_archive):
    """The outbox and the archive agree, and every released study is there as a whole."""
    deliveries = [delivery for detail in details for delivery in detail["deliveries"]]
    delivered = {delivery["sop_instance_uid"] for delivery in deliveries if delivery["state"] in DELIVERED}
    if len(delivered) != len(deliveries):
        raise AssertionError(f"{len(deliveries) - len(delivered)} of {len(deliveries)} deliveries are not done")
    if delivered != at_archive:
        raise AssertionError(
            f"{len(delivered - at_archive)} instances count as delivered and are not at the archive, "
            f"{len(at_archive - delivered)} are at the archive and do not count as delivered"
        )
    released = [detail for detail in details if detail["state"] in DELIVERED]
    wanted = {instance["sop_instance_uid"] for detail in released for instance in detail["derived"]}
    if not wanted or not wanted <= delivered:
        raise AssertionError(f"of {len(wanted)} instances of released studies {len(wanted & delivered)} are delivered")


def run(arguments, directory):
    chance = random.Random(arguments.seed)
    ledger, stream, archive = Ledger(), Stream(arguments.seed), StoreScp()
    forwarded = Forwarded(archive)
    destinations = [
        {"name": "irc-archive", "ae_title": "ARCHIVE", "host": LOOPBACK, "port": archive.port, "retry_first_seconds": 1}
    ]
    trial = write_trial(os.path.join(directory, "trials"))
    node = Node(os.path.join(directory, "node"), [trial], destinations, settings={"quiet_seconds": 1})
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
        forwarded.check()
        if (at + 1) % 20 == 0:
            print(
                f"kill: {at + 1} kills, {len(ledger.snapshot())} instances acknowledged, {len(archive.received)} forwarded",
                flush=True,
            )
    stop.set()
    for sender in senders:
        sender.join(30)
    with node:
        rows = check_end(node, ledger, forwarded)
    states = dict(collections.Counter(row["state"] for row in rows))
    print(
        f"kill: {arguments.cycles} kills, {ledger.responses} success responses for {len(ledger.snapshot())} instances, 0 lost"
    )
    print(
        f"kill: {len(rows)} submissions {states}; {len(forwarded.instances)} instances at the archive, {forwarded.repeated} sent again with the same bytes, 0 with others"
    )


def main():
    parser = argparse.ArgumentParser(description="Kills a node at random times and looks for losses.")
    parser.add_argument("--cycles", type=int, default=int(os.environ.get("TRIALGATE_KILL_CYCLES", "200")))
    parser.add_argument("--longest", type=float, default=1.0, help="longest life of a node, in seconds")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    arguments = parser.parse_args()
    print(f"kill: seed {arguments.seed}, {arguments.cycles} cycles, {SENDERS} senders", flush=True)
    directory = tempfile.mkdtemp(prefix="trialgate-kill-")
    try:
        run(arguments, directory)
    except (AssertionError, StartError) as error:
        print(
            f"kill: FAILED with seed {arguments.seed}: {error}\nkill: everything is left in {directory}",
            file=sys.stderr,
        )
        return 1
    shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
