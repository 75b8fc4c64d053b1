"""Measures trialgate beside storescp and Orthanc as Debian ships them, with the same senders, and writes RESULTS.md.

    bench.py                      everything: medians of 5 runs, the contenders taking turns
    bench.py --runs 1 --only two  one run of what has "two" in its name; prints only

Every run starts its contender on an empty folder. Times are those of the senders, from the start of their processes to the end
of the last one; end to end it is until the archive holds the last instance.
"""

import argparse
import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.normpath(os.path.join(HERE, "..", ".."))
for _folder in ("tests/tools", "packaging"):
    sys.path.insert(0, os.path.join(SOURCE, _folder))

from contenders import NODELAY, OrthancReceiver, StorescpReceiver, Trialgate  # noqa: E402
from node import AE_TITLE, CALLING_AE_TITLE  # noqa: E402
from processes import LOOPBACK, wait_until  # noqa: E402
from workloads import LARGE, LARGE_END_TO_END, SMALL, SMALL_END_TO_END, write_multi_frame, write_studies  # noqa: E402

SENDERS = 4
RESULTS = os.path.join(HERE, "RESULTS.md")
MIB = 1024 * 1024


@dataclass
class Row:
    """One contender in one comparison. Rates in instances per second, memory in MiB."""

    name: str
    rates: list
    memory: list

    @property
    def median(self):
        return statistics.median(self.rates)


def send(port, directories, environment):
    """Runs one storescu a directory at the same time. Returns the seconds until the last one ended."""
    begin = time.monotonic()
    senders = [
        subprocess.Popen(
            [
                "storescu",
                "-aet",
                CALLING_AE_TITLE,
                "-aec",
                AE_TITLE,
                "--scan-directories",
                LOOPBACK,
                str(port),
                directory,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        for directory in directories
    ]
    codes = [sender.wait() for sender in senders]
    if any(codes):
        raise RuntimeError(f"storescu ended with {codes}")
    return time.monotonic() - begin


def receive_once(contender, workload, senders, environment):
    """(rate, peak MiB) of one run on an empty folder."""
    directories = workload.directories[:senders]
    with contender.start() as running:
        seconds = send(running.port, directories, environment)
        return workload.per_directory * senders / seconds, running.peak_mib()


def end_to_end_once(contender, workload, environment):
    """(rate, peak MiB) until the archive behind the contender holds every instance."""
    total = workload.per_directory * len(workload.directories)
    with contender.start() as running:
        begin = time.monotonic()
        send(running.port, workload.directories, environment)
        if not wait_until(lambda: running.archived() >= total, 900, 0.02):
            raise RuntimeError(
                f"{contender.name}: the archive holds {running.archived()} of {total} instances after 15 minutes"
            )
        return total / (time.monotonic() - begin), running.peak_mib()


def settle(directory):
    """Gives everyone the same start: nothing of an earlier run waits to be written back on this one's time, and the page cache
    has memory to give that was in use a moment ago. (A virtual machine gets back from its host, page by page, what it has
    not used for a while: 9 us for 4 KiB on this one, three times the price of writing them.)"""
    os.sync()
    for folder, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(OSError), open(os.path.join(folder, name), "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def compare(title, contenders, runs, work, measure):
    """Lets the contenders take turns, `runs` times. Returns a Row for each."""
    rows = [Row(contender.name, [], []) for contender in contenders]
    for run in range(runs):
        for contender, row in zip(contenders, rows):
            settle(work)
            rate, memory = measure(contender)
            row.rates.append(rate)
            row.memory.append(memory)
            print(f"{title}: run {run + 1}: {row.name}: {rate:.1f} instances/s, {memory:.0f} MiB", flush=True)
    return rows


@dataclass
class Comparison:
    """One table of the results. `targets`: {contender: least ratio of trialgate's median to its median}."""

    title: str
    rows: list
    targets: dict

    def lines(self):
        ours = self.rows[0].median
        yield f"### {self.title}\n"
        yield "| receiver | instances/s, median | all runs | peak memory | trialgate's ratio | target |"
        yield "|---|---|---|---|---|---|"
        for row in self.rows:
            target = self.targets.get(row.name)
            ratio = "" if row is self.rows[0] else f"{ours / row.median:.2f}"
            verdict = (
                "" if target is None else f"≥ {target:g}: {'met' if ours / row.median >= target else '**missed**'}"
            )
            runs = ", ".join(f"{rate:.1f}" for rate in row.rates)
            yield f"| {row.name} | {row.median:.1f} | {runs} | {max(row.memory):.0f} MiB | {ratio} | {verdict} |"
        yield ""


def multi_frame(directory):
    """Peak memory of the node while it receives and examines one object of 2 GB."""
    path, size = write_multi_frame(os.path.join(directory, "multi-frame"))
    with Trialgate("trialgate", directory).start() as running:
        seconds = send(running.port, [path], NODELAY)
        running.wait_until_examined()
        memory, workers = running.peak_mib(), running.peak_worker_mib()
    print(
        f"two gigabytes: {size / MIB / seconds:.0f} MiB/s, {memory:.0f} MiB, largest worker {workers:.0f} MiB",
        flush=True,
    )
    yield "### One multi-frame object of 2 GB\n"
    yield f"Received at {size / MIB / seconds:.0f} MiB/s. Peak memory of the node {memory:.0f} MiB (target: under 100"
    yield f" {'met' if memory < 100 else '**missed**'}), of its largest worker {workers:.0f} MiB.\n"


def packages():
    names = ["dcmtk", "orthanc"]
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${Version}; ", *names], capture_output=True, text=True
    )
    return shown.stdout.strip(" ;")


def processor():
    with open("/proc/cpuinfo") as cpuinfo:
        return next(
            (line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")), platform.machine()
        )


def plan(directory, work, runs):
    """(name, function -> lines of the report) in the order of the report."""

    def unmodified(size):
        contenders = [Trialgate("trialgate", work), StorescpReceiver("storescp", work)]
        title = f"Unmodified storescu, one sender, {size.label}"
        return Comparison(
            title,
            compare(title, contenders, runs, work, lambda one: receive_once(one, directory(size), 1, {})),
            {"storescp": 15},
        ).lines()

    def parallel(size):
        contenders = [
            Trialgate("trialgate", work),
            OrthancReceiver("Orthanc", work, NODELAY),
            StorescpReceiver("storescp", work, NODELAY),
        ]
        title = f"{SENDERS} senders with TCP_NODELAY, {size.label}"
        rows = compare(title, contenders, runs, work, lambda one: receive_once(one, directory(size), SENDERS, NODELAY))
        return Comparison(title, rows, {"Orthanc": 2, "storescp": 0.5}).lines()

    def whole_way(size):
        contenders = [
            Trialgate("trialgate", work, forward=True),
            OrthancReceiver("Orthanc, Lua", work, forward=True),
        ]
        title = f"End to end, {size.label}"
        rows = compare(title, contenders, runs, work, lambda one: end_to_end_once(one, directory(size), NODELAY))
        return Comparison(title, rows, {"Orthanc, Lua": 15}).lines()

    yield "end to end, large", lambda: whole_way(LARGE_END_TO_END)
    yield "four senders, large", lambda: parallel(LARGE)
    yield "four senders, small", lambda: parallel(SMALL)
    yield "one sender, large", lambda: unmodified(LARGE)
    yield "one sender, small", lambda: unmodified(SMALL)
    yield "end to end, small", lambda: whole_way(SMALL_END_TO_END)
    yield "two gigabytes", lambda: multi_frame(work)


def report(runs, sections):
    with open(os.path.join(HERE, "METHOD.md"), encoding="utf-8") as method:
        text = method.read()
    head = (
        f"Measured {time.strftime('%Y-%m-%d')} on {os.cpu_count()} cores ({processor()}), {platform.system()} {platform.release()};"
        f" {packages()}. {runs} runs a contender, taking turns; medians.\n"
    )
    with open(RESULTS, "w", encoding="utf-8") as out:
        out.write("# Measurements\n\n" + head + "\n" + text + "\n## Results\n\n")
        for lines in sections:
            out.write("\n".join(lines) + "\n")
            out.flush()


def main():
    parser = argparse.ArgumentParser(description="Measures trialgate beside storescp and Orthanc.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="measure only what has this in its name; RESULTS.md stays as it is")
    parser.add_argument("--keep", help="folder for the test images, kept for the next time")
    arguments = parser.parse_args()
    images = arguments.keep or tempfile.mkdtemp(prefix="trialgate-bench-images-")
    work = tempfile.mkdtemp(prefix="trialgate-bench-")
    written = {}

    def directory(size):
        if size not in written:
            print(f"writing the images: {size.label}", flush=True)
            written[size] = write_studies(os.path.join(images, size.name), size, SENDERS)
        return written[size]

    try:
        sections = (
            list(measure()) for name, measure in plan(directory, work, arguments.runs) if arguments.only in name
        )
        if arguments.only:
            print("\n".join(line for lines in sections for line in lines))
        else:
            report(arguments.runs, sections)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if not arguments.keep:
            shutil.rmtree(images, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
