"""Judging a study of 2 000 instances beside an empty store and one trial of ten subjects, and beside 1 000 000 stored instances and
a register of 10 000.

    tests/bench/judging.py BUILD_FOLDER [runs]

Builds nothing: the program `judging` of the build is run. Prints a table for RESULTS.md; ends with 1 when a target is missed.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.normpath(os.path.join(HERE, "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "tools"))

from scanner_styles import STYLES  # noqa: E402
from synthetic_study import Patient, SeriesPlan, StudyPlan, synthesise  # noqa: E402

INSTANCES = 2000
SMALL, LARGE = (0, 10), (1_000_000, 10_000)  # stored instances, registered subjects


def write_study(folder):
    os.makedirs(folder)
    plan = StudyPlan(
        Patient("Bench^Subject", "BENCH-00003"),
        STYLES["ge"],
        "20260302",
        accession_number="BENCH0003",
        series=(SeriesPlan(number=2, slices=INSTANCES, thickness=0.625, spacing=0.625, size=16),),
    )
    for at, instance in enumerate(synthesise(plan).instances):
        with open(os.path.join(folder, f"{at:04d}.dcm"), "wb") as out:
            out.write(instance.encode())


def write_trial(folder, subjects):
    os.makedirs(folder)
    with open(os.path.join(SOURCE, "etc", "trials", "ONC-301.yaml"), encoding="utf-8") as source:
        text = source.read()
    # Only what the node is not configured for here is left out.
    head, _, rest = text.partition("\ndeliver:")
    _, _, tail = rest.partition("\nreaders:")
    with open(os.path.join(folder, "ONC-301.yaml"), "w", encoding="utf-8") as out:
        out.write(head + "\nreaders:" + tail)
    with open(os.path.join(folder, "ONC-301-subjects.csv"), "w", encoding="utf-8") as register:
        register.write("site,issuer,patient_id,subject_id,enrollment,first_dose\n")
        for at in range(subjects):
            register.write(f"SITE0{1 if at else 2},,BENCH-{at:05d},ONC301-{at:05d},2026-02-16,2026-03-10\n")
    return os.path.join(folder, "ONC-301.yaml")


def measure(build, work, study, stored, subjects, run):
    program = os.path.join(build, "tests", "gateway", "judging")
    place = os.path.join(work, f"{stored}-{run}")
    store = os.path.join(place, "store")
    os.makedirs(store)
    trial = write_trial(os.path.join(place, "trial"), subjects)
    commands = [[program, "measure", store, trial, study, os.path.join(build, "gateway", "trialgate")]]
    if stored:
        commands.insert(0, [program, "fill", store, trial, study, str(stored), str(subjects)])
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)
    shutil.rmtree(place)
    return json.loads(done.stdout)


def main():
    build = os.path.abspath(sys.argv[1])
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    results = {}
    with tempfile.TemporaryDirectory(prefix="trialgate-bench-") as work:
        study = os.path.join(work, "study")
        write_study(study)
        for size in (SMALL, LARGE):
            results[size] = [measure(build, work, study, *size, run) for run in range(runs)]
    keys = ("examine_cpu_ms", "record_cpu_ms", "judge_cpu_ms", "judge_elapsed_ms")
    medians = {size: {key: statistics.median(run[key] for run in results[size]) for key in keys} for size in results}
    print("| stored instances | subjects | examine, CPU ms each | record, CPU ms each | judge 2 000, CPU ms | judge 2 000, elapsed ms |")
    print("|---|---|---|---|---|---|")
    for (stored, subjects), median in medians.items():
        print(
            f"| {stored} | {subjects} | {median['examine_cpu_ms']:.3f} | {median['record_cpu_ms']:.3f} "
            f"| {median['judge_cpu_ms']:.0f} | {median['judge_elapsed_ms']:.0f} |"
        )
    small, large = medians[SMALL], medians[LARGE]

    def examined(median):
        return median["examine_cpu_ms"] + median["record_cpu_ms"]

    met = (
        max(small["judge_elapsed_ms"], large["judge_elapsed_ms"]) < 1000
        and max(examined(small), examined(large)) < 0.5
        and examined(large) <= 1.2 * examined(small)
        and large["judge_cpu_ms"] <= 1.2 * small["judge_cpu_ms"]
    )
    print("targets met" if met else "targets MISSED")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
