"""Turns single operators of the rules around, one at a time, and demands that a test notices each.

    tests/mutation/mutation_check.py BUILD_FOLDER [first last]

works on a copy of the source tree beside BUILD_FOLDER, never on the tree itself. For each mutant it builds what depends on the changed
file and runs the unit tests of the rules; if they pass, the labelled series and the published ones. Takes some ten seconds a mutant.
Ends with 1 when a mutant survives. Not part of the test suite; mutants_apply_test.py is, and shows that the list fits the source.
Environment: TRIALGATE_TEST_DATA and TRIALGATE_CORPUS as for the tests.
"""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.normpath(os.path.join(HERE, "..", ".."))
sys.path.insert(0, HERE)

from mutants import MUTANTS  # noqa: E402

UNIT_TESTS = {"rules_evaluate_test": "tests/rules/evaluate", "rules_trial_test": "tests/rules/trial"}
SERIES_TESTS = ("tests/real/real_test.py", "tests/corpus/corpus_test.py")


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options)


class Copy:
    """A copy of the source tree with a build of its own."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.source = self.build + "-source"

    def prepare(self):
        shutil.rmtree(self.source, ignore_errors=True)
        shutil.copytree(SOURCE, self.source, ignore=shutil.ignore_patterns("build", ".git"))
        data = os.environ.get("TRIALGATE_TEST_DATA")
        defined = [f"-DTRIALGATE_TEST_DATA={data}"] if data else []
        configured = run(["cmake", "--preset", "release", "-B", self.build, *defined], cwd=self.source)
        if configured.returncode != 0:
            sys.exit(configured.stdout)
        failure = self.failure()
        if failure:
            sys.exit(f"without a mutant: {failure}")

    def write(self, file, text):
        with open(os.path.join(self.source, file), "w", encoding="utf-8") as out:
            out.write(text)

    def make(self, *targets):
        return run(["cmake", "--build", self.build, "--target", *targets])

    def failure(self):
        """Which test notices the tree as it is; empty: none."""
        made = self.make(*UNIT_TESTS)
        if made.returncode != 0:
            return "does not compile: " + made.stdout[-1500:]
        for name, folder in UNIT_TESTS.items():
            if run([os.path.join(self.build, folder, name)]).returncode != 0:
                return name
        made = self.make("trialgate")
        if made.returncode != 0:
            return "does not compile: " + made.stdout[-1500:]
        environment = {**os.environ, "TRIALGATE_PROGRAM": os.path.join(self.build, "gateway", "trialgate")}
        for test in SERIES_TESTS:
            if run([sys.executable, "-B", os.path.join(self.source, test)], env=environment).returncode != 0:
                return test
        return ""


def main():
    copy = Copy(sys.argv[1])
    first, last = (int(word) for word in sys.argv[2:4]) if len(sys.argv) > 3 else (1, len(MUTANTS))
    copy.prepare()
    survivors = 0
    for number, (file, found, instead) in enumerate(MUTANTS, 1):
        if not first <= number <= last:
            continue
        with open(os.path.join(SOURCE, file), encoding="utf-8") as source:
            text = source.read()
        if text.count(found) != 1:
            sys.exit(f"mutant {number}: '{found}' is {text.count(found)} times in {file}")
        copy.write(file, text.replace(found, instead))
        failure = copy.failure()
        copy.write(file, text)
        no_mutant = failure.startswith("does not compile")
        survivors += not failure or no_mutant
        print(f"{number:3} {'SURVIVES' if not failure else failure} | {file}: {instead.split(chr(10))[-1].strip()}", flush=True)
    print(f"{survivors} survivors")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
