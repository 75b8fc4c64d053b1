"""De-identification beside that of gdcmanon and Orthanc: how much of a labelled corpus each gets right, and how fast.

    tests/bench/deidentification.py            makes the corpus, runs all three, prints the table of categories
    tests/bench/deidentification.py --speed    200 CT of 512 KiB: files/s, processor time and memory; for a quiet machine, needs GNU time

The node's program is $TRIALGATE_PROGRAM or that of the release build. Ends with 1 when a target is missed.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "deid_corpus"), os.path.join(HERE, "..", "tools")]

from node import default_program  # noqa: E402

os.environ.setdefault("TRIALGATE_PROGRAM", default_program())

import corpus  # noqa: E402
from checker import Checker  # noqa: E402
from deid_corpus_test import deidentify  # noqa: E402
from kinds import Study, instances_of  # noqa: E402
from people import subjects  # noqa: E402
from processes import Orthanc  # noqa: E402

FILES, PIXEL_BYTES, RUNS = 200, 512 * 1024, 5
ORTHANC_PROFILE = "2021b"  # the newest edition of PS3.15 that Orthanc 1.10 has


def certificate(folder):
    """A certificate for gdcmanon, which encrypts what it takes out into the output."""
    path = os.path.join(folder, "certificate.pem")
    subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=corpus",
                    "-keyout", os.path.join(folder, "private.pem"), "-out", path], check=True, capture_output=True)
    return path


def by_trialgate(work, instances, source):
    written, _ = deidentify(*corpus.write_trial(os.path.join(work, "trial")), source, os.path.join(work, "trialgate"))
    return [(instance, written.get(instance.name)) for instance in instances]


def by_gdcmanon(work, instances, source):
    """One call over the folder, as its manual asks for, so that UIDs are the same in all files."""
    output = os.path.join(work, "gdcmanon")
    subprocess.run(["gdcmanon", "--de-identify", "--certificate", certificate(work), "--recursive", "--continue", "--input", source,
                    "--output", output], check=True, capture_output=True)
    found = {}
    for place, _, names in os.walk(output):
        found.update({name: os.path.join(place, name) for name in names})
    return [(instance, found.get(instance.name)) for instance in instances]


def by_orthanc(work, instances, source):
    """/tools/bulk-anonymize over all patients at once: one mapping of UIDs for all studies."""
    output = os.path.join(work, "orthanc")
    os.makedirs(output)
    with Orthanc(os.path.join(work, "orthanc-store"), settings={"SyncStorageArea": False}) as orthanc:
        names = {}
        for instance in instances:
            with open(os.path.join(source, instance.subject.site, instance.name), "rb") as file:
                answer = orthanc.request("POST", "/instances", file.read())
            names[answer["ID"]] = instance.name
        studies = orthanc.request("GET", "/studies")
        orthanc.request("POST", "/tools/bulk-anonymize",
                        {"Resources": studies, "DicomVersion": ORTHANC_PROFILE, "KeepSource": True, "Synchronous": True}, timeout=1800)
        found = {}
        for identifier in orthanc.request("GET", "/instances"):
            if identifier in names:
                continue
            origin = orthanc.request("GET", f"/instances/{identifier}/metadata/AnonymizedFrom").decode()
            path = os.path.join(output, names[origin])
            with open(path, "wb") as out:
                out.write(orthanc.request("GET", f"/instances/{identifier}/file"))
            found[names[origin]] = path
    return [(instance, found.get(instance.name)) for instance in instances]


CONTENDERS = {"trialgate": by_trialgate, "gdcmanon": by_gdcmanon, "Orthanc": by_orthanc}


def compare(work):
    source = os.path.join(work, "in")
    instances = corpus.write(source)
    pairs = {name: run(work, instances, source) for name, run in CONTENDERS.items()}
    results = {name: Checker().check(each) for name, each in pairs.items()}
    print(f"| category | checks | {' | '.join(results)} |\n|---|---|{'---|' * len(results)}")
    for category in sorted(results["trialgate"].passed | results["trialgate"].failed):
        checks = results["trialgate"].passed[category] + results["trialgate"].failed[category]
        shares = (f"{100 * result.passed[category] / checks:.2f} %" for result in results.values())
        print(f"| {category} | {checks} | {' | '.join(shares)} |")
    outputs = (str(sum(path is not None for _, path in each)) for each in pairs.values())
    print(f"| *instances that came out* | {len(instances)} | {' | '.join(outputs)} |")
    for name, result in results.items():
        if os.environ.get("DEIDENTIFICATION_FAILURES"):
            for failure in result.failures:
                print(name, failure.instance, failure.check.category, failure.check.action, failure.check.path, failure.found, file=sys.stderr)
    return 0 if not results["trialgate"].failed.total() else 1


def write_slices(folder, pixel_bytes):
    """CT slices of one subject, whose pixel data have this many bytes."""
    os.makedirs(folder)
    subject = subjects(corpus.SEED)[1]
    study = Study(subject, 0, corpus.first_visit(subject))
    slices = [instance for instance in instances_of(study) if instance.kind == "CT"]
    noise = random.Random(1).randbytes(pixel_bytes + FILES)
    for number in range(FILES):
        top = slices[number % len(slices)].top
        top.dataset["SOPInstanceUID"] = study.uid_of("speed", pixel_bytes, number)
        top.dataset["Rows"], top.dataset["Columns"] = 512, pixel_bytes // 1024
        top.dataset["PixelData"] = noise[number : number + pixel_bytes]
        with open(os.path.join(folder, f"{number:04d}.dcm"), "wb") as out:
            out.write(slices[number % len(slices)].encoded())


def measured(command):
    """Seconds, processor seconds and peak resident MiB (of the largest process) of a command on one processor, with all its children."""
    subprocess.run(["sync"], check=True)
    processor = str(min(os.sched_getaffinity(0)))
    done = subprocess.run(["time", "-f", "%e %U %S %M", "taskset", "-c", processor, *command], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr}")
    elapsed, user, system, kib = map(float, done.stderr.splitlines()[-1].split())
    return elapsed, user + system, kib / 1024


def speed(work):
    small, large = os.path.join(work, "small"), os.path.join(work, "large")
    write_slices(small, PIXEL_BYTES)
    write_slices(large, 10 * PIXEL_BYTES)
    trial, key = corpus.write_trial(os.path.join(work, "trial"))
    pem = certificate(work)
    node = [os.environ["TRIALGATE_PROGRAM"], "deidentify", "--trial", trial, "--key-file", key]
    commands = {
        "trialgate": lambda source, output: [*node, source, output],
        "gdcmanon": lambda source, output: ["gdcmanon", "--de-identify", "--certificate", pem, "--recursive", "--continue", "--input",
                                            source, "--output", output],
        "cp": lambda source, output: ["cp", "-r", source, output],
    }
    figures = {name: [] for name in commands}
    for run in range(-1, RUNS):  # the first one only warms up
        for name, command in commands.items():
            figure = measured(command(small, os.path.join(work, f"{name}-{run}")))
            if run >= 0:
                figures[name].append(figure)
    larger = measured(commands["trialgate"](large, os.path.join(work, "trialgate-large")))
    medians = {name: [statistics.median(values) for values in zip(*runs)] for name, runs in figures.items()}
    print("| command | files/s, median | all runs | processor, ms a file | peak memory, MiB |\n|---|---|---|---|---|")
    for name, (elapsed, processor, peak) in medians.items():
        runs = ", ".join(f"{FILES / each[0]:.0f}" for each in figures[name])
        print(f"| {name} | {FILES / elapsed:.0f} | {runs} | {1000 * processor / FILES:.2f} | {peak:.0f} |")
    print(f"| trialgate, pixel data of 5 MiB | {FILES / larger[0]:.0f} | | {1000 * larger[1] / FILES:.2f} | {larger[2]:.0f} |")
    ratio = medians["gdcmanon"][0] / medians["trialgate"][0]
    cost = medians["trialgate"][1] / medians["cp"][1]
    growth = larger[2] / medians["trialgate"][2]
    met = {"files/s of gdcmanon": (ratio, ratio >= 2), "processor time of cp": (cost, cost <= 3), "memory with 10 x the pixels": (growth, growth <= 1.25)}
    for what, (figure, is_met) in met.items():
        print(f"- {what}: x {figure:.2f}{'' if is_met else ' **missed**'}")
    return 0 if all(is_met for _, is_met in met.values()) else 1


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--speed", action="store_true")
    chosen = arguments.parse_args()
    work = tempfile.mkdtemp(prefix="trialgate-bench-")
    try:
        return speed(work) if chosen.speed else compare(work)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
