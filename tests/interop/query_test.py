"""findscu asks each view: what is released, what is in quarantine, what was delivered; and what a peer may not see is not there."""

import unittest

import support
from processes import LOOPBACK, wait_until
from sample_studies import BASELINE, patient, study

REFUSED = "Error: DataSetDoesNotMatchSOPClass"  # A900


class Queries(support.ArchiveTestCase):
    peers = [
        {"ae_title": support.CALLING_AE_TITLE, "site": "SITE01", "addresses": ["127.0.0.0/8"]},
        {"ae_title": "CRO_WS", "addresses": ["127.0.0.0/8"]},
    ]
    sections = {
        "views": [
            {"ae_title": "CLEAN", "shows": "released", "peers": ["CRO_WS"]},
            {"ae_title": "QUAR", "shows": "quarantine", "peers": ["CRO_WS"]},
            {"ae_title": "READER", "shows": "delivered", "destination": "irc-archive", "peers": ["CRO_WS"]},
        ]
    }

    def find(self, called, *keys, calling="CRO_WS", options=("-S",)):
        arguments = [argument for key in keys for argument in ("-k", key)]
        done = support.run_tool(
            "findscu", "-v", *options, "-aet", calling, "-aec", called, LOOPBACK, str(self.node.port), *arguments
        )
        return done.stdout + done.stderr

    def test_views(self):
        made = study(patient(1), "siemens", BASELINE)
        self.send(made.instances)
        keys = ("QueryRetrieveLevel=STUDY", "PatientID", "PatientName", "NumberOfStudyRelatedInstances")
        seen = wait_until(lambda: (text := self.find("QUAR", *keys)).count("(Pending)") and text, 30, 0.1)
        self.assertIn(made.plan.study_uid, self.find("QUAR", *keys, "StudyInstanceUID") if seen else "")
        self.settled(made, ("confirmed",))
        self.assertNotIn("(Pending)", self.find("QUAR", *keys))
        for called in ("CLEAN", "READER"):
            answer = self.find(called, *keys, "StudyInstanceUID")
            self.assertEqual(answer.count("(Pending)"), 1, answer)
            self.assertIn("[ONC301-001]", answer)
            self.assertNotIn(made.plan.study_uid, answer)
        self.assertIn("Rejected", self.find("CLEAN", *keys, calling=support.CALLING_AE_TITLE))
        self.assertIn("Rejected", self.find("TRIALGATE", *keys))
        self.assertEqual(self.find("CLEAN", "QueryRetrieveLevel=PATIENT", options=("-P",)).count("(Pending)"), 1)

    def test_what_cannot_be_asked(self):
        for keys in (("QueryRetrieveLevel=WORLD",), ("QueryRetrieveLevel=SERIES",), ("PatientID=X",)):
            self.assertIn(REFUSED, self.find("CLEAN", *keys))


if __name__ == "__main__":
    unittest.main(verbosity=2)
