"""`trialgate deidentify` over the labelled corpus: figures by category, a negative control of the checker, and validity.

Everything is made here, the same in every run. Needs python3-pydicom; dciodvfy (dicom3tools) for the last test.
"""

import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tools")]

import pydicom  # noqa: E402

import corpus  # noqa: E402
import glyphs  # noqa: E402
from checker import Checker  # noqa: E402
from kinds import BURNED_IN  # noqa: E402

PROGRAM = os.environ.get("TRIALGATE_PROGRAM", "trialgate")
DATA = os.environ.get("TRIALGATE_TEST_DATA", "")
LEAST_INSTANCES = 2000
TARGETS = collections.defaultdict(lambda: 1.0, {"retained text": 0.995, "retained descriptions": 0.995, "safe private": 0.995})


def deidentify(trial, key, source, output):
    """The answer of the command: {name of the source: output}, {name of the source: reason of refusal}."""
    done = subprocess.run([PROGRAM, "deidentify", "--json", "--trial", trial, "--key-file", key, source, output],
                          capture_output=True, text=True, timeout=300)
    if not done.stdout.startswith("{"):
        raise AssertionError(done.stderr + done.stdout)
    answer = json.loads(done.stdout)
    written = {os.path.basename(each["source"]): each["file"] for each in answer["written"]}
    return written, {os.path.basename(each["source"]): each["reason"] for each in answer["refused"]}


def table(result):
    lines = [f"{'category':26}{'checks':>8}{'passed':>8}{'percent':>10}"]
    for category in sorted(result.passed | result.failed):
        passed, failed = result.passed[category], result.failed[category]
        lines.append(f"{category:26}{passed + failed:8}{passed:8}{100 * passed / (passed + failed):10.3f}")
    return "\n".join(lines)


class CorpusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="trialgate-corpus-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.instances = corpus.write(os.path.join(cls.directory, "in"))
        cls.trial, cls.key = corpus.write_trial(os.path.join(cls.directory, "trial"))
        cls.written, cls.refused = deidentify(cls.trial, cls.key, os.path.join(cls.directory, "in"), os.path.join(cls.directory, "out"))
        cls.pairs = [(instance, cls.written.get(instance.name)) for instance in cls.instances]

    def source(self, instance):
        return os.path.join(self.directory, "in", instance.subject.site, instance.name)

    def test_what_nobody_vouches_for_is_held_and_nothing_else(self):
        self.assertEqual(set(self.refused), {instance.name for instance in self.instances if not instance.vetted})
        self.assertTrue(all("no mask is approved" in reason for reason in self.refused.values()))
        self.assertGreaterEqual(len(self.written), LEAST_INSTANCES)

    def test_figures_by_category(self):
        result = Checker().check(self.pairs)
        print(table(result))
        missed = [category for category in result.passed | result.failed
                  if result.passed[category] < TARGETS[category] * (result.passed[category] + result.failed[category])]
        some = "\n".join(f"{failure.instance}: {failure.check} found {failure.found}" for failure in result.failures[:20])
        self.assertEqual(missed, [], some)
        self.assertEqual(result.passed.keys() | result.failed.keys(), {check.category for i in self.instances for check in i.checks})

    def test_each_output_has_the_subject_id_of_the_register_and_the_codes_of_what_was_done(self):
        wanted = ["PatientID", "DeidentificationMethodCodeSequence"]
        for instance, path in self.pairs:
            if path is not None:
                dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=wanted)
                self.assertEqual(dataset.PatientID, instance.subject.subject_id)
                codes = {item.CodeValue for item in dataset.DeidentificationMethodCodeSequence}
                self.assertLessEqual({"113100", "113105", "113108", "113111"}, codes)
                # About the date of a calibration two options contradict each other: neither may be claimed.
                disputed = any("<(0018,1200)>" in check.path for check in instance.checks)
                self.assertEqual({"113107", "113109"} & codes, set() if disputed else {"113107", "113109"}, instance.name)
                self.assertEqual("113101" in codes, instance.kind in BURNED_IN, instance.name)

    def test_the_checker_sees_a_leak_of_every_kind(self):
        """The negative control: an output that is spoiled in one way fails in that way, and as it was it does not."""
        one_visit = [(instance, path) for instance, path in self.pairs if instance.name.startswith("ONC301-001-0-")]
        for action, (kind, spoil) in LEAKS.items():
            instance, path = next((i, p) for i, p in one_visit if i.kind == kind)
            dataset = pydicom.dcmread(path)
            spoil(dataset, instance)
            spoiled = os.path.join(self.directory, f"{action}.dcm")
            dataset.save_as(spoiled)
            checker = Checker()
            checker.check(one_visit)
            with self.subTest(action):
                before, after = (
                    {check.action for check, found in checker.outcomes(instance, file) if found is not None} for file in (path, spoiled))
                self.assertNotIn(action, before)
                self.assertIn(action, after)

    @unittest.skipUnless(shutil.which("dciodvfy"), "dciodvfy is not installed")
    def test_dciodvfy_finds_nothing_in_the_output_that_it_did_not_find_before(self):
        sample = {(instance.kind, instance.subject.number % 5): (self.source(instance), path)
                  for instance, path in self.pairs if path is not None and instance.subject.number < 5}
        self.assertGreater(len(sample), 80)
        for source, output in sample.values():
            with self.subTest(os.path.basename(source)):
                self.assertEqual(new_findings(source, output), collections.Counter())

    @unittest.skipUnless(shutil.which("dciodvfy") and os.path.isdir(DATA), "no real files or no dciodvfy")
    def test_real_files_stay_as_valid_as_they_were(self):
        folder = os.path.join(self.directory, "real")
        trial, key = corpus.write_trial(folder)
        with open(os.path.join(folder, "subjects.csv"), "w", encoding="utf-8") as register:
            register.write("site,patient_id,subject_id,first_dose\n")
            for number, patient in enumerate(sorted(set(patients_in(DATA)))):
                register.write(f'SITE01,"{patient}",ONC301-{number:03d},2026-07-15\n')
        written, refused = deidentify(trial, key, DATA, os.path.join(folder, "out"))
        self.assertGreater(len(written), 60, refused)
        sources = {os.path.basename(path): path for path in part10_files(DATA)}
        for name, output in written.items():
            with self.subTest(name):
                self.assertEqual(new_findings(sources[name], output), collections.Counter())


def part10_files(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                if file.read(132)[128:] == b"DICM":
                    yield path


def patients_in(folder):
    for path in part10_files(folder):
        try:
            with warnings.catch_warnings(action="ignore"):
                patient = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["PatientID"]).get("PatientID")
        except Exception:  # whatever pydicom cannot read has no row
            continue
        if patient and patient.isascii() and '"' not in patient:
            yield patient.strip()


def findings(path):
    """Errors and warnings with how often they stand there, without the values that they quote. What a DICOMDIR would need is no
    matter of validity: the profile itself empties Study ID."""
    done = subprocess.run(["dciodvfy", path], capture_output=True, text=True, errors="replace", timeout=60)
    lines = (re.sub(r"( = )?<[^<>]*>|\[\d+\]|'[^']*'", "", line) for line in (done.stderr + done.stdout).splitlines())
    lines = (re.sub(r"[\d.]{12,}", "UID", line) for line in lines if "DICOMDIR" not in line)
    return collections.Counter(line.strip() for line in lines if line.startswith(("Error", "Warning")))


def new_findings(source, output):
    return findings(output) - findings(source)


def _delete(dataset, instance):
    del dataset.PatientName


def _empty(dataset, instance):
    dataset.DeidentificationMethod = ""


def _name_back(dataset, instance):
    dataset.StudyDescription = f"for {instance.subject.given} {instance.subject.family}"


def _other_text(dataset, instance):
    dataset.KVP = "80"


def _date_back(dataset, instance):
    dataset.StudyDate = instance.top.dataset["StudyDate"]


def _another_day(dataset, instance):
    day = int(dataset.SeriesDate[6:8])
    dataset.SeriesDate = f"{dataset.SeriesDate[:6]}{day + 1 if day < 28 else day - 1:02d}"


def _uid_back(dataset, instance):
    dataset.FrameOfReferenceUID = instance.top.dataset["FrameOfReferenceUID"]


def _other_uid(dataset, instance):
    dataset.StudyInstanceUID = "2.25.1"


def _other_patient(dataset, instance):
    dataset.PatientID = "ONC301-999"


def _one_letter_back(dataset, instance):
    box = next(check.expected for check in instance.checks if check.action == "pixels_hidden")
    raw, samples, columns = bytearray(dataset.PixelData), dataset.SamplesPerPixel, dataset.Columns

    def set_pixel(row, column):
        at = (row * columns + column) * samples
        raw[at : at + samples] = b"\xf0" * samples

    glyphs.draw(set_pixel, box.text[:1], box.left, box.top)
    dataset.PixelData = bytes(raw)


def _one_pixel(dataset, instance):
    dataset.PixelData = bytes([dataset.PixelData[0] ^ 1]) + dataset.PixelData[1:]


LEAKS = {
    "tag_retained": ("CT", _delete),
    "text_notnull": ("CT", _empty),
    "text_removed": ("MR", _name_back),
    "text_retained": ("CT", _other_text),
    "date_shifted": ("PT", _date_back),
    "interval_kept": ("CT", _another_day),
    "uid_changed": ("CT", _uid_back),
    "uid_consistent": ("MR", _other_uid),
    "patid_consistent": ("CT", _other_patient),
    "pixels_hidden": ("US", _one_letter_back),
    "pixels_retained": ("CT", _one_pixel),
}

if __name__ == "__main__":
    unittest.main()
