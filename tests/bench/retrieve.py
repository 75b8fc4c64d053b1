"""C-MOVE of 1 000 CT slices of 512 KiB by trialgate and by Orthanc, taking turns, and writes its section of RESULTS.md.

    retrieve.py [RUNS]

Both send to the same storescp, which throws away what it gets: once with Orthanc and storescp as Debian ships them, once with
TCP_NODELAY=1 in the environment of both. The time is that of the SCU, from its association to the final response.
"""

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.normpath(os.path.join(HERE, "..", ".."))
for _folder in ("tests/tools", "packaging"):
    sys.path.insert(0, os.path.join(SOURCE, _folder))

from contenders import NODELAY, TRIAL  # noqa: E402
from move_scu import Move, identifier  # noqa: E402
from node import AE_TITLE, CALLING_AE_TITLE, Node  # noqa: E402
from processes import LOOPBACK, Orthanc, Storescp  # noqa: E402
from sample_studies import UNREGISTERED, study  # noqa: E402

SLICES, SIDE, TARGET = 1000, 512, 5
VIEW, DESTINATION = "TRIALGATE_QUAR", "SINK"
RESULTS, HEADING = os.path.join(HERE, "RESULTS.md"), "## C-MOVE"


def write_study(directory):
    """Study Instance UID of the slices in `directory`."""
    made = study(UNREGISTERED, slices=SLICES, size=SIDE, seed="retrieve-bench")
    for at, instance in enumerate(made.instances[1:]):
        with open(os.path.join(directory, f"{at:04d}.dcm"), "wb") as out:
            out.write(instance.encode())
    return made.plan.study_uid


def store(port, called, directory):
    sender = ["storescu", "-aet", CALLING_AE_TITLE, "-aec", called, "--scan-directories", LOOPBACK, str(port), directory]
    subprocess.run(sender, check=True, env={**os.environ, **NODELAY}, stdout=subprocess.DEVNULL)


def move(port, called, study_uid):
    """Instances per second of one C-MOVE."""
    begin = time.monotonic()
    keys = identifier("STUDY", study=study_uid)
    status, counts, _ = Move(port, called, DESTINATION, DESTINATION, keys, timeout=600).responses()[-1]
    if (status, counts[1]) != (0, SLICES):
        raise RuntimeError(f"{called}: status {status:04X}, {counts}")
    return SLICES / (time.monotonic() - begin)


def measure(runs, work, images, study_uid, environment):
    """{contender: instances per second of each run}."""
    with contextlib.ExitStack() as stack:
        options = ("--ignore", "--fork", "--accept-all")
        sink = stack.enter_context(Storescp(os.path.join(work, "sink"), DESTINATION, None, options, environment))
        peers = [
            {"ae_title": CALLING_AE_TITLE, "site": "SITE01", "addresses": ["127.0.0.0/8"]},
            {"ae_title": DESTINATION, "addresses": ["127.0.0.0/8"], "host": LOOPBACK, "port": sink.port},
        ]
        views = {"views": [{"ae_title": VIEW, "shows": "quarantine", "peers": [DESTINATION]}]}
        node = Node(os.path.join(work, "node"), [TRIAL], peers=peers, sections=views)
        stack.callback(node.stop)
        node.start()
        modalities = {"sink": (DESTINATION, sink.port)}
        settings = {"DicomAlwaysAllowMove": True}
        orthanc = stack.enter_context(
            Orthanc(os.path.join(work, "orthanc"), modalities=modalities, settings=settings, environment=environment)
        )
        store(node.port, AE_TITLE, images)
        store(orthanc.port, "ORTHANC", images)
        if node.wait_for_state(study_uid, ("quarantined",), 120) is None:
            raise RuntimeError("the study did not come to rest")
        rates = {"trialgate": [], "Orthanc": []}
        for _ in range(runs):
            rates["trialgate"].append(move(node.port, VIEW, study_uid))
            rates["Orthanc"].append(move(orthanc.port, "ORTHANC", study_uid))
            print({name: round(of[-1], 1) for name, of in rates.items()}, flush=True)
        return rates


def rows(label, rates):
    medians = {name: statistics.median(of) for name, of in rates.items()}
    ratio = medians["trialgate"] / medians["Orthanc"]
    verdict = f"≥ {TARGET}: {'met' if ratio >= TARGET else '**missed**'}"
    for name, of in rates.items():
        runs = ", ".join(f"{rate:.1f}" for rate in of)
        compared = f"{ratio:.2f} | {verdict}" if name == "Orthanc" else " | "
        yield f"| {name} | {label} | {medians[name]:.1f} | {runs} | {compared} |"


def section(runs, work):
    images = os.path.join(work, "images")
    os.makedirs(images)
    study_uid = write_study(images)
    yield HEADING
    yield ""
    yield f"`tests/bench/retrieve.py {runs}`: {SLICES} CT slices of 512 KiB to a `storescp` that throws them away, taking turns;"
    yield "medians. trialgate opens up to four associations, as configured by default; Orthanc one."
    yield ""
    yield "| C-MOVE SCP | Orthanc and storescp | instances/s, median | all runs | trialgate's ratio | target |"
    yield "|---|---|---|---|---|---|"
    for label, environment in (("as packaged", {}), ("TCP_NODELAY=1", NODELAY)):
        folder = os.path.join(work, label.replace(" ", "-"))
        yield from rows(label, measure(runs, folder, images, study_uid, environment))


def write_section(lines):
    with open(RESULTS, encoding="utf-8") as results:
        before, _, after = results.read().partition(HEADING + "\n")
    rest = after.partition("\n## ")
    kept = rest[1].lstrip("\n") + rest[2] if rest[1] else ""
    with open(RESULTS, "w", encoding="utf-8") as out:
        out.write(before.rstrip("\n") + "\n\n" + "\n".join(lines) + "\n" + ("\n" + kept if kept else ""))


def main():
    work = tempfile.mkdtemp(prefix="trialgate-bench-")
    try:
        lines = list(section(int(sys.argv[1]) if len(sys.argv) > 1 else 3, work))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    write_section(lines)
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
