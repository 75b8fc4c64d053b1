"""What people decide about studies, and what comes late: release, reject, reopen, instances after the verdict."""

import unittest

import support
from node import DELIVERED
from processes import wait_until
from sample_studies import UNREGISTERED, of_the_charter, patient, study

COULD_NOT = 2
WHO = ("--name", "M. Example", "--reason", "confirmed with the site by telephone")


class Decisions(support.ArchiveTestCase):
    def quarantined(self, made):
        self.send(made.instances)
        return self.settled(made, ("quarantined",))["id"]

    def decide(self, action, submission, *options):
        return self.node.run("studies", action, str(submission), *options)

    def done(self, action, submission):
        done = self.decide(action, submission, *WHO)
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_audited(self, submission, event):
        history = self.node.study(submission)["history"]
        mine = [record for record in history if record["event"] == event]
        self.assertTrue(mine, [record["event"] for record in history])
        self.assertEqual((mine[-1]["actor"], mine[-1]["reason"]), (WHO[1], WHO[3]))
        self.assertEqual(self.node.run("audit", "verify").returncode, 0)

    def test_a_decision_wants_a_name_and_a_reason(self):
        submission = self.quarantined(study(patient(2), thickness=7.5, spacing=7.5, seed="nameless"))
        for options in ((), WHO[:2], WHO[2:], ("--name", "", "--reason", "x"), ("--name", "x", "--reason", " ")):
            for action in ("release", "reject", "reopen"):
                with self.subTest(f"{action} {options}"):
                    done = self.decide(action, submission, *options)
                    self.assertEqual(done.returncode, COULD_NOT, done.stdout)
                    self.assertTrue(done.stderr.strip())
        self.assertEqual(self.node.study(submission)["state"], "quarantined")

    def test_a_released_study_is_delivered(self):
        made = study(patient(3), thickness=7.5, spacing=7.5, seed="release")
        submission = self.quarantined(made)
        self.done("release", submission)
        self.settled(made, DELIVERED)
        self.assert_audited(submission, "submission.released")
        self.assertEqual(len(self.at_archive(submission)), len(of_the_charter(made.instances)))

    def test_a_rejected_study_stays(self):
        made = study(patient(4), thickness=7.5, spacing=7.5, seed="reject")
        submission = self.quarantined(made)
        self.done("reject", submission)
        self.assert_audited(submission, "submission.rejected")
        # Whoever decided has settled what the site was asked, too.
        queries = self.node.ask("query", "list", "--all")["queries"]
        self.assertEqual([query["state"] for query in queries if query["submission"] == submission], ["closed"])
        self.assertEqual(self.decide("release", submission, *WHO).returncode, COULD_NOT)
        self.assertEqual(self.node.study(submission)["state"], "quarantined")
        self.assertEqual(self.at_archive(submission), [])

    def test_an_unknown_patient_is_registered_and_the_study_reopened(self):
        made = study(UNREGISTERED, seed="reopen")
        submission = self.quarantined(made)
        # Nobody can release a study that no subject can be given.
        self.assertEqual(self.decide("release", submission, *WHO).returncode, COULD_NOT)
        with open(self.register, "a") as register:
            register.write(f"SITE01,,{UNREGISTERED.patient_id},ONC301-099,,2026-02-16,2026-03-02\n")
        self.assertTrue(wait_until(lambda: " trial.reloaded " in self.node.log(), 15, 0.2))
        self.done("reopen", submission)
        self.settled(made, DELIVERED, version=2)
        self.assert_audited(submission, "submission.reopened")
        self.assertEqual(len(self.at_archive(submission)), len(of_the_charter(made.instances)))

    def test_late_instances_make_a_new_version(self):
        made = study(patient(5), seed="late")
        self.send(made.instances[:-2])
        submission = self.settled(made, DELIVERED)["id"]
        self.assertEqual(len(self.at_archive(submission)), len(of_the_charter(made.instances)) - 2)
        self.send(made.instances[-2:])
        self.settled(made, DELIVERED, version=2)
        received = [instance.sop_instance for instance in self.at_archive(submission)]
        self.assertEqual(len(set(received)), len(of_the_charter(made.instances)))
        self.assertEqual(len(received), len(set(received)), "what the archive has is not sent again")
        events = [record["event"] for record in self.node.study(submission)["history"]]
        self.assertIn("submission.reopened", events)

    def test_of_what_is_not_there(self):
        for action in ("release", "reject", "reopen"):
            done = self.decide(action, 987654, *WHO)
            self.assertEqual(done.returncode, COULD_NOT)
            self.assertIn("987654", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
