"""Judges the labelled series by their charters and compares every finding, and every silence, with the labels.

Defects of positions and headers x CT, MR, PET x classic and enhanced x five makes. A label names the rules that must not pass, each with
its quantity; any other finding is a false one. TRIALGATE_CORPUS names the columns of the table that are judged, enhanced series with
an e before their modality; by default all.
"""

import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tools"))

from clean import BASELINE, FIRST_DOSE, FOLLOW_UP, PROPERTIES, clean_study, silent_rules  # noqa: E402
from expected import SILENCE  # noqa: E402
from geometry_defects import GEOMETRY_DEFECTS  # noqa: E402
from header_defects import DEFECTS, FOLLOW_UP as FOLLOW_UP_DEFECTS  # noqa: E402
from vendors import MAKES  # noqa: E402

PROGRAM = os.environ.get("TRIALGATE_PROGRAM", "trialgate")
HELD_BY_SEVERITY = ("query", "reject")


@dataclass
class Case:
    """One labelled study, and the clean one before it where the label is about a change."""

    defect: str
    modality: str
    enhanced: bool
    make: str
    patient_id: str = ""
    studies: list = field(default_factory=list)  # of lists of series
    expected: dict = field(default_factory=dict)  # rule id -> Expected

    @property
    def name(self):
        return f"{self.defect} {'enhanced ' if self.enhanced else ''}{self.modality} {self.make}"

    @property
    def study_uid(self):
        return self.studies[-1][0].header["StudyInstanceUID"]


def _rule(slot, rule):
    return rule if "/" in rule else f"{slot}/{rule}"


def make_case(defect, edit, modality, enhanced, make, follow_up, patient_id):
    case = Case(defect, modality, enhanced, make.name, patient_id)
    name = f"{case.name} "
    if follow_up:
        case.studies.append(clean_study(name, make, modality, enhanced, patient_id, BASELINE))
    case.studies.append(clean_study(name, make, modality, enhanced, patient_id, FOLLOW_UP if follow_up else BASELINE))
    slot = PROPERTIES[modality]
    case.expected = {rule: SILENCE for rule in silent_rules(make, modality)}
    for rule, expected in edit(case.studies[-1][-1]).items():
        rule = _rule(slot, rule)
        if enhanced and rule == "t1-post/same-te":
            rule = "t1-post/same-te-enhanced"
        case.expected[rule] = expected
    if modality == "MR":
        _add_silence_of_other_series(case)
    if f"{slot}/required" in case.expected:
        # Without a series in a slot there is nothing that the rules about the whole study could look at.
        case.expected = {f"{slot}/required": case.expected[f"{slot}/required"]}
    case.expected = {rule: expected for rule, expected in case.expected.items() if expected is not None}
    return case


def _add_silence_of_other_series(case):
    """A rule about the study stays unanswered while one of its series is silent, unless another one breaks it."""
    header = case.studies[-1][0].header
    for rule, keyword in (("study/lossless", "LossyImageCompression"), ("study/no-burned-in-text", "BurnedInAnnotation")):
        if keyword not in header and case.expected.get(rule) is None:
            case.expected[rule] = SILENCE


# Defects that one of the two encodings cannot have.
_CLASSIC_ONLY = {
    "same_number",
    "two_table_positions",
    "flipped",
    "number_gaps",
    "step_and_shoot",
    "step_and_shoot_duplicate",
    "one_thin",
}


def cases_of(modality, encodings):
    """All labelled cases of one modality; `encodings`: whether enhanced, False and True or one of them."""
    cases = []
    for enhanced in encodings:
        for make in MAKES.values():
            for follow_up, defects in (
                (False, GEOMETRY_DEFECTS),
                (False, DEFECTS[modality]),
                (True, FOLLOW_UP_DEFECTS[modality]),
            ):
                for defect, edit in defects.items():
                    if enhanced and defect in _CLASSIC_ONLY:
                        continue
                    patient_id = f"{modality}{len(cases):05d}"
                    cases.append(make_case(defect, edit, modality, enhanced, make, follow_up, patient_id))
    return cases


def write_cases(folder, cases):
    """Writes register.csv and, for each case, a folder of files."""
    with open(os.path.join(folder, "register.csv"), "w", encoding="utf-8") as register:
        register.write("site,issuer,patient_id,subject_id,first_dose\n")
        for at, case in enumerate(cases):
            register.write(f"SITE01,,{case.patient_id},S{at:05d},{FIRST_DOSE}\n")
    for at, case in enumerate(cases):
        place = os.path.join(folder, "files", f"{at:05d}")
        os.makedirs(place)
        number = 0
        for study in case.studies:
            for series in study:
                for raw in series.encoded():
                    with open(os.path.join(place, f"{number:03d}.dcm"), "wb") as out:
                        out.write(raw)
                    number += 1


def judge(folder, charter):
    """Verdicts of `trialgate check` by Study Instance UID."""
    trial = shutil.copy(os.path.join(HERE, charter), folder)
    done = subprocess.run(
        [PROGRAM, "check", "--json", "--trial", trial, os.path.join(folder, "files")], capture_output=True, text=True, timeout=600
    )
    if done.returncode not in (0, 1):
        raise AssertionError(f"check ended with {done.returncode}: {done.stderr[-2000:]}{done.stdout[:2000]}")
    return {study["study_uid"]: study for study in json.loads(done.stdout)["studies"]}


def differences(case, verdicts):
    """What is not as the label says, as sentences."""
    verdict = verdicts.get(case.study_uid)
    if verdict is None:
        return ["no verdict"]
    found = {finding["rule_id"]: finding for finding in verdict["findings"]}
    wrong = []
    for rule, expected in case.expected.items():
        if rule not in found:
            wrong.append(f"{rule}: passed, expected {expected.result}")
        elif reason := expected.difference(found[rule]):
            wrong.append(f"{rule}: {reason}")
    for rule, finding in found.items():
        # A value that cannot be is named once more, whatever rule it made unknown; on a clean study that would be false.
        if rule == "study/consistent_headers" and case.expected:
            continue
        if rule not in case.expected:
            wrong.append(f"{rule}: false {finding['result']} ({finding['severity']}): {finding['found'] or finding['text']['en']}")
    held = any(finding["severity"] in HELD_BY_SEVERITY for finding in verdict["findings"])
    if held != (verdict["outcome"] == "quarantine"):
        wrong.append(f"outcome {verdict['outcome']}")
    if len(case.studies) == 2:
        baseline = verdicts.get(case.studies[0][0].header["StudyInstanceUID"])
        if baseline is None or baseline["outcome"] != "release":
            wrong.append("the clean baseline is not released")
    return wrong


def table(results):
    """Defects as lines, modality and encoding as columns: makes that are judged as labelled, of all."""
    columns = [(modality, enhanced) for modality in ("CT", "MR", "PT") for enhanced in (False, True)]
    cells = collections.defaultdict(list)
    for case, wrong in results:
        cells[case.defect, case.modality, case.enhanced].append((case.make, not wrong))
    lines = [f"{'defect':32}" + "".join(f"{('e' if enhanced else '') + modality:>8}" for modality, enhanced in columns)]
    for defect in dict.fromkeys(case.defect for case, _ in results):
        line = f"{defect:32}"
        for modality, enhanced in columns:
            marks = cells.get((defect, modality, enhanced))
            line += f"{'-' if marks is None else ''.join(make[0].upper() if good else '.' for make, good in marks):>8}"
        lines.append(line)
    right = sum(not wrong for _, wrong in results)
    studies = sum(len(case.studies) for case, _ in results)
    series = sum(len(study) for case, _ in results for study in case.studies)
    lines.append(f"{right} of {len(results)} labels as expected; {studies} studies, {series} series (a dot: not as labelled)")
    return "\n".join(lines)


class CorpusTest(unittest.TestCase):
    maxDiff = None

    def test_every_label_is_found_and_nothing_else(self):
        columns = os.environ.get("TRIALGATE_CORPUS", "CT,eCT,MR,eMR,PT,ePT").split(",")
        results = []
        for modality in ("CT", "MR", "PT"):
            encodings = [enhanced for enhanced in (False, True) if ("e" if enhanced else "") + modality in columns]
            if not encodings:
                continue
            with tempfile.TemporaryDirectory(prefix="trialgate-corpus-") as folder:
                cases = cases_of(modality, encodings)
                write_cases(folder, cases)
                verdicts = judge(folder, f"{modality.lower()}.yaml")
                results += [(case, differences(case, verdicts)) for case in cases]
        print(table(results))
        wrong = [f"{case.name}: {'; '.join(reasons)}" for case, reasons in results if reasons]
        if len(columns) >= 4:
            self.assertGreaterEqual(len(results), 1000)
        self.assertFalse(wrong, f"{len(wrong)} labels:\n" + "\n".join(wrong[:60]))


if __name__ == "__main__":
    unittest.main()
