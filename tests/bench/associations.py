"""C-ECHO beside 2 000 open associations, 1 500 idle and 500 that send slowly, and the memory they take.

    tests/bench/associations.py [runs]

Prints a table for RESULTS.md; ends with 1 when a target is missed. Each run is a fresh node. A slow association sends one instance of
512 KiB at 12 KiB/s, which is a little above what the node cuts off. The echoes go over one association of a process of their own, one
every 5 ms. Memory is VmHWM of the node's own process; a worker's does not depend on associations.
"""

import multiprocessing
import os
import resource
import statistics
import struct
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.normpath(os.path.join(HERE, "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "tools"))

from dicom_writer import IMPLICIT_VR_LITTLE_ENDIAN  # noqa: E402
from dimse_peer import (  # noqa: E402
    C_STORE_RQ,
    P_DATA_TF,
    VERIFICATION,
    Requestor,
    command_set,
    store_contexts,
)
from node import AE_TITLE, CALLING_AE_TITLE, SITE, Node  # noqa: E402
from part10 import split  # noqa: E402
from processes import LOOPBACK, peak_resident_kib  # noqa: E402
from scanner_styles import STYLES  # noqa: E402
from synthetic_study import Patient, SeriesPlan, StudyPlan, synthesise  # noqa: E402

IDLE, SLOW = 1500, 500
ECHOES, ECHO_EVERY_SECONDS = 2000, 0.005
SLOW_PIECE_BYTES, SLOW_EVERY_SECONDS = 4096, 1 / 3
TRIAL = os.path.join(SOURCE, "etc", "trials", "ONC-301.yaml")


def associate(port, contexts):
    return Requestor(LOOPBACK, port, calling=CALLING_AE_TITLE, called=AE_TITLE, contexts=contexts, timeout=60)


def slow_message(association, file):
    """The P-DATA-TFs of one C-STORE, cut into PDUs of SLOW_PIECE_BYTES."""
    context = association.context_for(file.sop_class, file.transfer_syntax)
    command = command_set(
        {
            0x0002: ("UI", file.sop_class),
            0x0100: ("US", C_STORE_RQ),
            0x0110: ("US", 1),
            0x0700: ("US", 0),
            0x0800: ("US", 0x0001),
            0x1000: ("UI", file.sop_instance),
        }
    )

    def data(fragment, control):
        return struct.pack(">BBIIBB", P_DATA_TF, 0, len(fragment) + 6, len(fragment) + 2, context, control) + fragment

    yield data(command, 3)
    for at in range(0, len(file.data_set), SLOW_PIECE_BYTES):
        piece = file.data_set[at : at + SLOW_PIECE_BYTES]
        yield data(piece, 2 if at + SLOW_PIECE_BYTES >= len(file.data_set) else 0)


def send_slowly(associations, file, stop):
    """Gives every association its next piece three times a second, spread over the time."""
    messages = [slow_message(association, file) for association in associations]
    while not stop.is_set():
        begin = time.monotonic()
        for at, message in enumerate(messages):
            piece = next(message, None)
            if piece is not None:
                associations[at].wire.send(piece)
            ahead = begin + (at + 1) * SLOW_EVERY_SECONDS / len(messages) - time.monotonic()
            if ahead > 0.002:
                time.sleep(ahead)


def echo(port, results):
    times = []
    with associate(port, [(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN])]) as association:
        for _ in range(ECHOES):
            begin = time.perf_counter()
            if association.echo() != 0:
                raise RuntimeError("the node does not answer with success")
            times.append(time.perf_counter() - begin)
            time.sleep(ECHO_EVERY_SECONDS)
    results.put(times)


def echo_times(port):
    results = multiprocessing.Queue()
    echoing = multiprocessing.get_context("fork").Process(target=echo, args=(port, results))
    echoing.start()
    times = sorted(results.get(timeout=300))
    echoing.join()
    return times


def measure(work):
    plan = StudyPlan(
        Patient("Bench^Subject", "BENCH-00004"),
        STYLES["ge"],
        "20260302",
        accession_number="BENCH0004",
        series=(SeriesPlan(number=2, slices=1, size=512),),
    )
    file = split(synthesise(plan).instances[0].encode())
    contexts = store_contexts([file])
    peers = [{"ae_title": CALLING_AE_TITLE, "site": SITE, "addresses": ["127.0.0.0/8"], "associations": 3000}]
    settings = {"max_associations": 3000, "idle_seconds": 600}
    with Node(work, [TRIAL], peers=peers, settings=settings) as node:
        alone = echo_times(node.port)
        before = peak_resident_kib(node.process.pid) / 1024
        stop = threading.Event()
        open_associations = []
        try:
            for _ in range(IDLE + SLOW):
                open_associations.append(associate(node.port, contexts))
            sender = threading.Thread(target=send_slowly, args=(open_associations[:SLOW], file, stop))
            sender.start()
            time.sleep(3)
            beside = echo_times(node.port)
            stop.set()
            sender.join()
        finally:
            stop.set()
            for association in open_associations:
                association.close()
        return alone, beside, before, peak_resident_kib(node.process.pid) / 1024


def percentile(times, share):
    return 1000 * times[min(len(times) - 1, int(len(times) * share))]


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    rows = []
    for run in range(runs):
        with tempfile.TemporaryDirectory(prefix="trialgate-bench-") as work:
            rows.append(measure(os.path.join(work, f"node{run}")))
    print("| C-ECHO | median ms | p99 ms | slowest ms | peak memory of the node, MiB |\n|---|---|---|---|---|")
    medians = {}
    for name, times, memory in (("alone", 0, 2), (f"beside {IDLE} idle and {SLOW} slow associations", 1, 3)):
        values = [
            statistics.median(percentile(row[times], share) for row in rows) for share in (0.5, 0.99, 1)
        ] + [statistics.median(row[memory] for row in rows)]
        medians[name] = values
        print(f"| {name} | " + " | ".join(f"{value:.1f}" for value in values) + " |")
    _, p99, _, memory = values
    print(f"\np99 under 100 ms: {'met' if p99 < 100 else '**missed**'}; under 300 MB: {'met' if memory < 286 else '**missed**'}.")
    return 0 if p99 < 100 and memory < 286 else 1


if __name__ == "__main__":
    sys.exit(main())
