"""Performed procedure steps (PS3.4 annex F.7): what a study waits for; what closes a visit in the work list."""

import datetime
import os
import shutil
import unittest

import support
from dicom_writer import CT_IMAGE_STORAGE, uid
from dimse_peer import us
from normalized_peer import N_CREATE, N_SET, PERFORMED_STEP, contexts, element, perform, sequence
from processes import LOOPBACK, wait_until
from sample_studies import patient, study

WORKLIST_AE = "TRIALGATE_MWL"
RELEASED = ("released", "deidentified", "delivering")


def days_ago(days):
    return (datetime.date.today() - datetime.timedelta(days=days)).isoformat()


class PerformedSteps(support.NodeTestCase):
    settings = {"quiet_seconds": 1}
    sections = {"worklist": {"ae_title": WORKLIST_AE, "days_ahead": 3}, "performed_steps": {"wait_seconds": 6}}
    peers = [
        {"ae_title": "SITE01_CT", "site": "SITE01", "addresses": ["127.0.0.0/8"]},
        {"ae_title": "SITE02_CT", "site": "SITE02", "addresses": ["127.0.0.0/8"]},
    ]

    @classmethod
    def before_node(cls):
        folder = os.path.join(cls.directory, "trials")
        os.makedirs(folder)
        cls.trials = (shutil.copy(support.TRIAL, folder),)
        rows = ["site,issuer,patient_id,subject_id,group,enrollment,first_dose"]
        rows += [f"SITE01,,HOSP-{n},ONC301-10{n},,,{days_ago(42)}" for n in (1, 2, 3)]
        rows.append(f"SITE01,,HOSP-9,ONC301-109,,,{days_ago(20)}")  # between two visits
        rows.append(f"SITE02,,HOSP-4,ONC301-104,,,{days_ago(42)}")
        rows += [f"SITE01,,TG-DEMO-000{n},ONC301-00{n},,,2026-03-02" for n in (1, 2, 3)]
        with open(os.path.join(folder, "ONC-301-subjects.csv"), "w") as register:
            register.write("\n".join(rows) + "\n")

    def is_released(self, made):
        row = self.node.by_study_uid(made.plan.study_uid)
        return row is not None and row["state"] in RELEASED

    def find(self, *keys, calling="SITE01_CT"):
        """[{tag: value}] of the responses, as findscu prints them."""
        base = ["PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", "RequestedProcedureDescription",
                "ClinicalTrialProtocolID", "ClinicalTrialSubjectID", "ClinicalTrialTimePointID"]  # fmt: skip
        step = ["Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepID"]
        asked = base + [f"(0040,0100)[0].{name}" for name in step] + list(keys)
        done = support.run_tool(
            "findscu", "-v", "-W", "-aet", calling, "-aec", WORKLIST_AE, LOOPBACK, str(self.node.port),
            *[argument for key in asked for argument in ("-k", key)],
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        responses = []
        for line in (done.stdout + done.stderr).splitlines():
            line = line.removeprefix("I: ").strip()
            if line.startswith("Find Response"):
                responses.append({})
            if responses and line.startswith("(") and "#" in line:
                tag, value = line[1:10], line[14:].split("#")[0].strip()
                responses[-1][tag] = value[1 : value.index("]")].rstrip() if value.startswith("[") else ""
        return responses

    def test_withdrawn_subjects_and_locked_time_points_are_not_listed(self):
        who = ("--name", "M. Example", "--reason", "test")
        done = self.node.run("subjects", "withdraw", "ONC301-102", "--trial", "ONC-301", *who)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.node.run("subjects", "lock", "ONC301-103", "W06", "--trial", "ONC-301", *who)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.addCleanup(self.node.run, "subjects", "unlock", "ONC301-103", "W06", "--trial", "ONC-301", *who)
        self.assertEqual([one["0010,0020"] for one in self.find()], ["HOSP-1"])

    def step(self, command, step_uid, data_set):
        with self.associate(contexts(PERFORMED_STEP)) as association:
            return perform(association, command, PERFORMED_STEP, step_uid, data_set)

    def complete(self, made, instances):
        step_uid = uid("step of", made.plan.study_uid)
        created = element(0x00400252, "IN PROGRESS")
        created += sequence(0x00400270, [element(0x0020000D, made.plan.study_uid)])
        self.assertEqual(us(self.step(N_CREATE, step_uid, created), 0x0900), 0)
        self.assertEqual(us(self.step(N_CREATE, step_uid, created), 0x0900), 0x0111)
        images = sequence(
            0x00081140,
            [element(0x00081150, CT_IMAGE_STORAGE) + element(0x00081155, one.sop_instance_uid) for one in instances],
        )
        ended = element(0x00400252, "COMPLETED") + sequence(0x00400340, [images])
        self.assertEqual(us(self.step(N_SET, step_uid, ended), 0x0900), 0)
        answer = self.step(N_SET, step_uid, ended)
        self.assertEqual((us(answer, 0x0900), us(answer, 0x0903)), (0x0110, 0xA710))
        self.assertEqual(us(self.step(N_SET, uid("no step"), ended), 0x0900), 0x0112)

    def test_a_study_waits_for_what_the_modality_says_it_made(self):
        made = study(patient(1), seed="performed")
        self.complete(made, made.instances)
        self.send(made.instances[:-2])
        self.assertIsNone(wait_until(lambda: self.is_released(made), 3, 0.3))
        self.send(made.instances[-2:])
        row = self.settled(made, RELEASED)
        self.assertEqual(row["version"], 1)

    def test_what_never_comes_is_a_deviation_after_a_while(self):
        made = study(patient(2), seed="performed in part")
        lost = study(patient(2), seed="lost").instances[-1]
        self.complete(made, [*made.instances, lost])
        self.send(made.instances)
        row = self.settled(made, RELEASED)
        findings = self.node.study(row["id"])["verdict"]["findings"]
        self.assertEqual([one["rule_id"] for one in findings], ["study/complete_as_performed"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
