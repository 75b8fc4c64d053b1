"""The modality work list as findscu -W sees it: the site's own subjects whose visit is due, with the trial's identifiers."""

import datetime
import os
import re
import shutil
import unittest

import support
from node import AE_TITLE, CALLING_AE_TITLE, SITE
from peer_table import with_peer
from processes import LOOPBACK

WORK_LIST = "WORKLIST"


class Worklist(support.NodeTestCase):
    sections = {"worklist": {"ae_title": WORK_LIST, "days_ahead": 0}}

    @classmethod
    def before_node(cls):
        folder = os.path.join(cls.directory, "trials")
        os.makedirs(folder)
        cls.trials = (shutil.copy(support.TRIAL, folder),)
        # Six weeks after the first dose the visit W06 is due.
        due = (datetime.date.today() - datetime.timedelta(days=42)).isoformat()
        later = (datetime.date.today() + datetime.timedelta(days=400)).isoformat()
        with open(os.path.join(folder, "ONC-301-subjects.csv"), "w", encoding="utf-8") as register:
            register.write("site,issuer,patient_id,subject_id,group,enrollment,first_dose\n")
            register.write(f"{SITE},,TG-DEMO-0001,ONC301-001,,{due},{due}\n")
            register.write(f"{SITE},,TG-DEMO-0002,ONC301-002,,{later},{later}\n")
            register.write(f"SITE02,,TG-DEMO-0003,ONC301-003,,{due},{due}\n")
        cls.log_must_not_hold = {b"TG-DEMO-0001": "a patient ID"}

    def asked(self, *keys, called=WORK_LIST):
        options = [option for key in keys for option in ("-k", key)]
        return support.run_tool(
            "findscu", "-W", "-aet", CALLING_AE_TITLE, "-aec", called, *options, LOOPBACK, str(self.node.port)
        )

    def patients(self, *keys):
        done = self.asked("PatientID", *keys)
        self.assertEqual(done.returncode, 0, done.stderr)
        return re.findall(r"\(0010,0020\) LO \[(TG[^\]]*?) *\]", done.stdout + done.stderr)

    @with_peer("findscu", "Modality work list as SCU")
    def test_the_visit_that_is_due_is_listed_with_the_trials_identifiers(self):
        done = self.asked(
            "PatientID", "PatientName", "StudyInstanceUID", "ClinicalTrialSubjectID", "ClinicalTrialTimePointID",
            "ClinicalTrialProtocolID", "ScheduledProcedureStepSequence[0].Modality",
            "ScheduledProcedureStepSequence[0].ScheduledStationAETitle",
            "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate",
        )  # fmt: skip
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        for value in ("TG-DEMO-0001", "ONC301-001", "W06", "ONC-301", f"[{CALLING_AE_TITLE}", "[CT]"):
            self.assertIn(value, said)
        self.assertIn(datetime.date.today().strftime("%Y%m%d"), said)
        self.assertRegex(said, r"\(0020,000d\) UI \[2\.25\.")

    @with_peer("findscu", "Modality work list as SCU")
    def test_keys_choose_among_the_sites_own_subjects(self):
        self.assertEqual(self.patients(), ["TG-DEMO-0001"])
        self.assertEqual(self.patients("ScheduledProcedureStepSequence[0].Modality=CT"), ["TG-DEMO-0001"])
        self.assertEqual(self.patients("ScheduledProcedureStepSequence[0].Modality=MR"), [])
        self.assertEqual(self.patients("ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20200101"), [])

    def test_the_ingest_ae_has_no_work_list(self):
        done = self.asked("PatientID", called=AE_TITLE)
        self.assertNotIn("TG-DEMO", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
