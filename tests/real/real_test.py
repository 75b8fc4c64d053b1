"""Judges published series by charters that fit them and compares the findings with EXPECTED.md, which a person worked out."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.environ.get("TRIALGATE_PROGRAM", "trialgate")
DATA = os.environ.get("TRIALGATE_TEST_DATA", "")
# About the subject, of whom these charters know nobody.
NOT_JUDGED = {"study/known_subject", "study/visit_window"}


def expectations():
    """{(path, charter): {rule: (result, found)}} of the tables of EXPECTED.md."""
    tables, current = {}, None
    with open(os.path.join(HERE, "EXPECTED.md"), encoding="utf-8") as text:
        for line in text:
            if title := re.match(r"## (\S+) \((\w+)\)$", line):
                current = tables.setdefault(title.groups(), {})
            elif current is not None and line.startswith("| ") and not line.startswith("| rule"):
                rule, result, found, _ = (cell.strip() for cell in line.strip().strip("|").split("|"))
                current[rule] = (result, found)
    return tables


def as_expected(finding, result, found):
    if finding["result"] != result and result != "either":
        return False
    if not found:
        return True
    if re.fullmatch(r"-?[\d.]+", found):
        number = re.match(r"-?[\d.]+", finding["found"])
        return number is not None and abs(float(number.group()) - float(found)) < 0.02
    return finding["found"].startswith(found)


class PublishedSeriesTest(unittest.TestCase):
    def judge(self, path, charter):
        with tempfile.TemporaryDirectory(prefix="trialgate-real-") as folder:
            trial = shutil.copy(os.path.join(HERE, f"{charter}.yaml"), folder)
            with open(os.path.join(folder, "register.csv"), "w", encoding="utf-8") as register:
                register.write("site,issuer,patient_id,subject_id,first_dose\nSITE01,,NOBODY,S1,2000-01-01\n")
            done = subprocess.run(
                [PROGRAM, "check", "--json", "--trial", trial, os.path.join(DATA, path)],
                capture_output=True,
                text=True,
                timeout=120,
            )
        self.assertIn(done.returncode, (0, 1), done.stderr)
        (study,) = json.loads(done.stdout)["studies"]
        return study

    def test_as_a_person_would_judge(self):
        tables = expectations()
        self.assertGreaterEqual(len(tables), 12)
        for (path, charter), expected in tables.items():
            with self.subTest(path):
                verdict = self.judge(path, charter)
                found = {f["rule_id"]: f for f in verdict["findings"] if f["rule_id"] not in NOT_JUDGED}
                required = {rule for rule, (result, _) in expected.items() if result != "either"}
                missed = required - set(found)
                false = set(found) - set(expected)
                different = {
                    rule: (found[rule]["result"], found[rule]["found"])
                    for rule, (result, value) in expected.items()
                    if rule in found and not as_expected(found[rule], result, value)
                }
                self.assertEqual((missed, false, different), (set(), set(), {}))


if __name__ == "__main__":
    unittest.main()
