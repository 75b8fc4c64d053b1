"""Trial files are taken in while the node runs: a good one is in force, a bad one leaves the old one in force and says why."""

import json
import os
import pathlib
import shutil
import unittest

import support
from node import DELIVERED, HELD
from processes import wait_until
from sample_studies import UNREGISTERED, patient, study

REGISTER = support.TRIAL.replace(".yaml", "-subjects.csv")


class TrialReload(support.NodeTestCase):
    @classmethod
    def before_node(cls):
        folder = os.path.join(cls.directory, "trials")
        os.makedirs(folder)
        cls.trial = shutil.copy(support.TRIAL, folder)
        cls.register = shutil.copy(REGISTER, folder)
        cls.trials = (cls.trial,)

    def tearDown(self):
        """The sample trial is in force again."""
        for path, sample in ((self.trial, support.TRIAL), (self.register, REGISTER)):
            shutil.copy(sample, path + ".new")
            os.replace(path + ".new", path)

    def write(self, path, text, event):
        """Replaces a file as an editor does and waits for the node's word on it. Returns the log line."""
        before = len(self.events(event))
        with open(path + ".new", "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(path + ".new", path)
        said = wait_until(lambda: self.events(event)[before:], 15, 0.2)
        self.assertTrue(said, f"the node says nothing of {event}")
        return said[-1]

    def events(self, event):
        return [line for line in self.node.log().splitlines() if f" {event} " in line]

    def change(self, path, old, new, event):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn(old, text)
        return self.write(path, text.replace(old, new, 1), event)

    def audited(self, event):
        done = self.node.run("audit", "export")
        self.assertEqual(done.returncode, 0, done.stderr)
        records = [json.loads(line) for line in done.stdout.splitlines()]
        return [record for record in records if record["event"] == event]

    def outcome(self, made):
        self.send(made.instances)
        row = self.node.wait_for_state(made.plan.study_uid, HELD + DELIVERED + ("delivering",), 60)
        self.assertIsNotNone(row, "the study was not judged")
        return row, self.node.study(row["id"])["verdict"]

    def test_a_bad_trial_file_keeps_the_old_one_in_force(self):
        said = self.change(self.trial, "missing_slices: 0", "mising_slices: 0", "trial.reload_refused")
        self.assertRegex(said, r"ONC-301\.yaml:\d+:\d+: .*mising_slices")
        record = self.audited("trial.reload_refused")[-1]
        self.assertRegex(record["reason"], r"ONC-301\.yaml:\d+:\d+")
        row, _ = self.outcome(study(patient(1), seed="bad trial", slices=22))
        self.assertEqual(row["state"], "delivering")

    def test_a_bad_register_keeps_the_old_one_in_force(self):
        with open(self.register, encoding="utf-8") as file:
            text = file.read()
        said = self.write(self.register, text + "SITE01,,TG-DEMO-0031,ONC301-031,,never,never\n", "trial.reload_refused")
        self.assertRegex(said, r"subjects\.csv:\d+:\d+")
        self.assertNotIn("TG-DEMO-0031", said)
        row, verdict = self.outcome(study(patient(2), seed="bad register", slices=22))
        self.assertEqual((row["state"], verdict["subject_id"]), ("delivering", "ONC301-002"))

    def test_a_study_judged_again_is_examined_for_what_the_charter_asks_by_now(self):
        made = study(patient(4), thickness=7.5, spacing=7.5, seed="asked later")
        row, verdict = self.outcome(made)
        self.assertEqual([finding["rule_id"] for finding in verdict["findings"]], ["ct-cap-pv/thickness"])
        # No rule named these when the instances were examined; TableHeight is in the headers, TableSpeed is not.
        asked = "".join(
            f"      - {{id: {name}, {name}: {{present: true}}, severity: query}}\n" for name in ("TableHeight", "TableSpeed")
        )
        self.change(self.trial, "      - id: contiguous\n", asked + "      - id: contiguous\n", "trial.reloaded")
        done = self.node.run("studies", "reopen", str(row["id"]), "--name", "M. Example", "--reason", "new charter")
        self.assertEqual(done.returncode, 0, done.stderr)
        again = wait_until(lambda: self.node.study(row["id"])["version"] == 2 and self.node.study(row["id"])["state"] in HELD, 60, 0.2)
        self.assertTrue(again)
        findings = self.node.study(row["id"])["verdict"]["findings"]
        self.assertEqual({finding["rule_id"] for finding in findings}, {"ct-cap-pv/thickness", "ct-cap-pv/TableSpeed"})

    def test_an_instance_that_cannot_be_read_any_more_is_said_to_be_so(self):
        made = study(patient(4), thickness=7.5, spacing=7.5, seed="damaged later")
        row, _ = self.outcome(made)
        damaged = made.instances[3]
        path = next(
            os.path.join(folder, name)
            for folder, _, names in os.walk(os.path.join(self.node.store, "blobs"))
            for name in names
            if damaged.sop_instance_uid.encode() in pathlib.Path(folder, name).read_bytes()[:1024]
        )
        os.chmod(path, 0o600)
        os.truncate(path, 200)
        asked = "      - {id: anode, AnodeTargetMaterial: {present: true}, severity: note}\n"
        self.change(self.trial, "      - id: contiguous\n", asked + "      - id: contiguous\n", "trial.reloaded")
        done = self.node.run("studies", "reopen", str(row["id"]), "--name", "M. Example", "--reason", "new charter")
        self.assertEqual(done.returncode, 0, done.stderr)
        again = wait_until(lambda: self.node.study(row["id"])["version"] == 2 and self.node.study(row["id"])["state"] in HELD, 60, 0.2)
        self.assertTrue(again, self.node.study(row["id"])["state"])
        states = {one["sop_instance_uid"]: one["state"] for one in self.node.study(row["id"])["instances"]}
        self.assertEqual([uid for uid, state in states.items() if state == "unreadable"], [damaged.sop_instance_uid])
        self.assertEqual(len(self.audited("instance.unreadable")), 1)

    def test_a_good_trial_file_is_taken_in(self):
        self.change(self.trial, "{max: 5.0}  # RECIST 1.1", "{max: 4.0}  # RECIST 1.1", "trial.reloaded")
        row, verdict = self.outcome(study(patient(3), seed="stricter", slices=22))
        self.assertEqual(row["state"], "quarantined")
        self.assertIn("ct-cap-pv/thickness", [finding["rule_id"] for finding in verdict["findings"]])
        record = self.audited("trial.reloaded")[-1]
        self.assertIn(verdict["rules_sha256"], record["reason"])
        self.assertEqual(self.node.run("audit", "verify").returncode, 0)

    def test_a_new_subject_is_known_at_once(self):
        with open(self.register, encoding="utf-8") as file:
            text = file.read()
        row = f"SITE01,,{UNREGISTERED.patient_id},ONC301-099,,2026-02-16,2026-03-02\n"
        self.write(self.register, text + row, "trial.reloaded")
        row, verdict = self.outcome(study(UNREGISTERED, seed="new subject", slices=22))
        self.assertEqual((row["state"], verdict["subject_id"]), ("delivering", "ONC301-099"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
