"""What staff decide about subjects, visits and sites: classification, withdrawn consent, locked time points, registration."""

import json
import os
import shutil
import unittest

import support
from node import DELIVERED
from processes import wait_until
from sample_studies import OUT_OF_WINDOW, UNREGISTERED, of_the_charter, patient, study

COULD_NOT = 2
TRIAL = ("--trial", "ONC-301")
WHO = ("--name", "M. Example", "--reason", "decided in the meeting")


class Standing(support.ArchiveTestCase):
    def command(self, *arguments, expected=0):
        done = self.node.run(*arguments, *WHO)
        self.assertEqual(done.returncode, expected, done.stderr + done.stdout)
        return done

    def rules(self, submission):
        return [finding["rule_id"] for finding in self.node.study(submission)["verdict"]["findings"]]

    def test_an_unscheduled_study_waits_until_staff_say_what_it_is(self):
        made = study(patient(1), date=OUT_OF_WINDOW, seed="unscheduled")
        self.send(made.instances)
        submission = self.settled(made, ("quarantined",))["id"]
        self.command("studies", "classify", str(submission), "--as", "suspected_regression", expected=COULD_NOT)
        self.command("studies", "classify", str(submission), "--as", "suspected_progression")
        self.settled(made, DELIVERED, version=2)
        shown = self.node.study(submission)
        self.assertEqual(shown["time_point"], "unscheduled")
        self.assertIn("submission.classified", [record["event"] for record in shown["history"]])

    def test_images_of_adverse_events_stay_unless_the_charter_names_them(self):
        made = study(patient(2), date=OUT_OF_WINDOW, seed="adverse")
        self.send(made.instances)
        submission = self.settled(made, ("quarantined",))["id"]
        self.command("studies", "classify", str(submission), "--as", "adverse_event")
        self.settled(made, ("quarantined",), version=2)
        self.assertEqual(self.rules(submission)[0], "study/adverse_event")
        queries = self.node.ask("query", "list", "--all")["queries"]
        mine = [query for query in queries if query["submission"] == submission]
        self.assertEqual([query["version"] for query in mine], [1], "the site can do nothing about it and is not asked")
        self.command("studies", "classify", str(submission), "--as", "immune_related_pneumonitis")
        self.settled(made, DELIVERED, version=3)

    def test_a_study_out_of_its_window_is_the_visit_that_staff_name(self):
        made = study(patient(3), date=OUT_OF_WINDOW, seed="visit")
        self.send(made.instances)
        submission = self.settled(made, ("quarantined",))["id"]
        self.command("studies", "classify", str(submission), "--as", "W06")
        self.settled(made, DELIVERED, version=2)
        self.assertEqual(self.node.study(submission)["time_point"], "W06")
        self.assertIn("study/visit_window", self.rules(submission))

    def test_after_withdrawn_consent_nothing_leaves(self):
        held = study(patient(4), thickness=7.5, spacing=7.5, seed="before")
        self.send(held.instances)
        submission = self.settled(held, ("quarantined",))["id"]
        self.command("subjects", "withdraw", "ONC301-004", *TRIAL)
        self.command("subjects", "withdraw", "ONC301-004", *TRIAL, expected=COULD_NOT)
        self.assertEqual(self.node.study(submission)["state"], "withdrawn")
        queries = self.node.ask("query", "list")["queries"]
        self.assertNotIn(submission, [query["submission"] for query in queries])
        for action in ("release", "reopen"):
            self.command("studies", action, str(submission), expected=COULD_NOT)
        later = study(patient(4), seed="after")
        self.send(later.instances)
        after = self.settled(later, ("withdrawn",))["id"]
        self.send(study(patient(4), thickness=7.5, spacing=7.5, seed="before").instances[:1])
        self.assertEqual(self.at_archive(after) + self.at_archive(submission), [])
        shown = self.node.run("subjects", "show", "ONC301-004", *TRIAL)
        self.assertIn("withdrawn by M. Example", shown.stdout)
        self.assertEqual(self.node.run("audit", "verify").returncode, 0)

    def test_a_locked_time_point_holds_what_comes_later_until_a_person_releases_it(self):
        made = study(patient(5), seed="locked")
        self.send(made.instances[:-2])
        submission = self.settled(made, DELIVERED)["id"]
        self.command("subjects", "lock", "ONC301-005", "BL", *TRIAL)
        received = len(self.archive.received)
        self.send(made.instances[-2:])
        self.settled(made, ("quarantined",), version=2)
        self.assertEqual(self.rules(submission), ["study/locked_time_point"])
        self.assertEqual(len(self.archive.received), received)
        self.command("studies", "release", str(submission))
        self.settled(made, DELIVERED, version=2)
        self.assertEqual(len(self.at_archive(submission)), len(of_the_charter(made.instances)))
        self.command("subjects", "unlock", "ONC301-005", "BL", *TRIAL)
        self.command("subjects", "unlock", "ONC301-005", "BL", *TRIAL, expected=COULD_NOT)

    def test_a_subject_is_registered_by_command(self):
        add = ("subjects", "add", "ONC301-099", "--trial", self.trial_file, "--site", "SITE01")
        row = ("--patient-id", UNREGISTERED.patient_id)
        dates = ("--date", "first_dose", "2026-03-02", "--date", "enrollment", "2026-02-16")
        made = study(UNREGISTERED, seed="registered")
        self.send(made.instances)
        submission = self.settled(made, ("quarantined",))["id"]
        self.command(*add, *row, "--date", "last_dose", "2026-03-02", expected=COULD_NOT)
        self.command(*add, *row, "--date", "first_dose", "yesterday", expected=COULD_NOT)
        self.command(*add, "--patient-id", "TG-DEMO-0001", *dates, expected=COULD_NOT)
        before = os.path.getsize(self.register)
        self.command(*add, *row, *dates)
        self.assertGreater(os.path.getsize(self.register), before)
        self.assertTrue(wait_until(lambda: " trial.reloaded " in self.node.log(), 15, 0.2))
        self.command("studies", "reopen", str(submission))
        self.settled(made, DELIVERED, version=2)
        exported = self.node.run("audit", "export").stdout
        self.assertIn("subject.added", exported)
        self.assertNotIn(UNREGISTERED.patient_id, exported)


class Replay(support.NodeTestCase):
    """A charter change tried on what the node has stored."""

    settings = {"quiet_seconds": 1}

    def test_whose_verdict_would_change(self):
        thin, thick = study(patient(1), seed="thin"), study(patient(2), thickness=7.5, spacing=7.5, seed="thick")
        for made in (thin, thick):
            self.send(made.instances)
        released = self.settled(thin, ("released", "deidentified", "delivering"))["id"]
        held = self.settled(thick, ("quarantined",))["id"]
        with open(support.TRIAL, encoding="utf-8") as file:
            charter = file.read()

        def replay(text, *options):
            path = self.folder("next.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            shutil.copy(support.TRIAL.replace(".yaml", "-subjects.csv"), self.directory)
            return self.node.run("check", "--trial", path, "--stored", "--json", *options)

        same = replay(charter)
        self.assertEqual(same.returncode, 0, same.stdout + same.stderr)
        self.assertEqual({row["changes"] for row in json.loads(same.stdout)["submissions"]}, {False})
        # TableHeight was named by no rule when the instances were examined.
        stricter = charter.replace("      - id: contiguous", "      - {id: table, TableHeight: {present: true}, severity: query}\n      - id: contiguous", 1)
        changed = replay(stricter.replace("  SliceThickness: {max: 5.0}  #", "  SliceThickness: {max: 8.0}  #", 1))
        self.assertEqual(changed.returncode, 1, changed.stdout + changed.stderr)
        rows = {row["id"]: row for row in json.loads(changed.stdout)["submissions"]}
        self.assertEqual((rows[held]["before"], rows[held]["after"]), ("quarantine", "release"), rows[held])
        self.assertFalse(rows[released]["changes"], rows[released])
        only = replay(charter, "--submission", str(held))
        self.assertEqual([row["id"] for row in json.loads(only.stdout)["submissions"]], [held])
        self.assertEqual(self.node.study(held)["state"], "quarantined", "nothing is written")
        self.assertEqual(replay(charter.replace("CT\n", "XX\n", 1)).returncode, COULD_NOT)


class Qualification(support.NodeTestCase):
    """A charter that asks sites for a test submission first."""

    settings = {"quiet_seconds": 1}

    @classmethod
    def before_node(cls):
        folder = os.path.join(cls.directory, "trials")
        os.makedirs(folder)
        shutil.copy(support.TRIAL.replace(".yaml", "-subjects.csv"), folder)
        cls.trials = (shutil.copy(support.TRIAL, folder),)
        with open(cls.trials[0], encoding="utf-8") as file:
            text = file.read()
        with open(cls.trials[0], "w", encoding="utf-8") as file:
            file.write(text.replace("study:\n", "study:\n  qualified_site: {severity: query}\n", 1))

    def test_a_site_is_qualified_with_a_test_submission(self):
        test = study(patient(1), seed="test submission")
        self.send(test.instances)
        held = wait_until(lambda: [row for row in self.node.studies() if row["state"] == "quarantined"], 60, 0.2)
        submission = held[0]["id"]
        findings = self.node.study(submission)["verdict"]["findings"]
        self.assertEqual([finding["rule_id"] for finding in findings], ["study/qualified_site"])
        qualify = ("sites", "qualify", "SITE01", *TRIAL, "--submission")
        self.assertEqual(self.node.run(*qualify, "9999", *WHO).returncode, COULD_NOT)
        self.assertEqual(self.node.run("sites", "qualify", "SITE02", *TRIAL, "--submission", str(submission), *WHO).returncode, COULD_NOT)
        done = self.node.run(*qualify, str(submission), *WHO)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.node.run("studies", "reopen", str(submission), *WHO).returncode, 0)
        state = wait_until(lambda: self.node.study(submission)["state"] not in ("receiving", "examined", "quarantined"), 60, 0.2)
        self.assertTrue(state)


if __name__ == "__main__":
    unittest.main(verbosity=2)
