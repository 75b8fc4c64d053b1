"""Storage commitment with Orthanc: as the archive that commits itself, and as the site's archive that asks the node to."""

import os
import shutil
import unittest

import support
from dicom_writer import CT_IMAGE_STORAGE
from node import AE_TITLE, CALLING_AE_TITLE, SITE
from peer_table import with_peer
from processes import LOOPBACK, Orthanc, free_port, wait_until
from sample_studies import BASELINE, UNREGISTERED, patient, study

NO_SUCH_INSTANCE = 0x0112


class Commitment(support.NodeTestCase):
    @classmethod
    def before_node(cls):
        port = free_port()
        node = {"trialgate": (AE_TITLE, port)}
        cls.archive = Orthanc(os.path.join(cls.directory, "archive"), "ARCHIVE", node)
        cls.addClassCleanup(cls.archive.close)
        cls.asking = Orthanc(os.path.join(cls.directory, "asking"), "SITEPACS", node)
        cls.addClassCleanup(cls.asking.close)
        folder = os.path.join(cls.directory, "trials")
        os.makedirs(folder)
        shutil.copy(support.TRIAL.replace(".yaml", "-subjects.csv"), folder)
        with open(support.TRIAL, encoding="utf-8") as trial:
            text = trial.read()
        cls.trials = (os.path.join(folder, "ONC-301.yaml"),)
        with open(cls.trials[0], "w", encoding="utf-8") as trial:
            trial.write(text.replace("confirm: none", "confirm: storage_commitment", 1))
        loopback = ["127.0.0.0/8"]
        cls.settings = {"quiet_seconds": 1, "listen": [{"address": LOOPBACK, "port": port}]}
        cls.peers = [
            {"ae_title": CALLING_AE_TITLE, "site": SITE, "addresses": loopback},
            {"ae_title": "SITEPACS", "site": SITE, "addresses": loopback, "host": LOOPBACK, "port": cls.asking.port},
            {"ae_title": "OTHER", "site": "SITE02", "addresses": loopback, "host": LOOPBACK, "port": cls.asking.port},
        ]
        cls.destinations = [{"name": "irc-archive", "ae_title": "ARCHIVE", "host": LOOPBACK, "port": cls.archive.port}]

    def asked(self, instances, name="trialgate"):
        """Orthanc's report once it has one."""
        made = self.asking.request("POST", f"/modalities/{name}/storage-commitment", {"DicomInstances": instances})

        def report():
            found = self.asking.request("GET", f"/storage-commitment/{made['ID']}")
            return found if found["Status"] != "Pending" else None

        found = wait_until(report, 30, 0.2)
        self.assertIsNotNone(found, self.node.log()[-3000:])
        return found

    @with_peer("Orthanc", "Storage commitment as SCP")
    def test_the_archives_commitment_confirms_what_was_delivered(self):
        made = study(patient(1), date=BASELINE, seed="committed")
        self.send(made.instances)
        row = self.settled(made, ("confirmed",))
        self.assertIn(" commitment.report ", self.node.log())
        shown = self.node.study(row["id"])
        self.assertEqual({delivery["state"] for delivery in shown["deliveries"]}, {"confirmed"})

    @with_peer("Orthanc", "Storage commitment as SCU")
    def test_the_node_commits_itself_to_what_it_holds_and_to_nothing_else(self):
        made = study(UNREGISTERED, seed="asked about", slices=4)
        self.send(made.instances)
        held = [[CT_IMAGE_STORAGE, instance.sop_instance_uid] for instance in made.instances]
        report = self.asked(held)
        self.assertEqual(report["Status"], "Success")
        self.assertEqual(len(report["Success"]), len(held))
        report = self.asked(held + [[CT_IMAGE_STORAGE, "2.25.4711"]])
        self.assertEqual(report["Status"], "Failure")
        self.assertEqual(len(report["Success"]), len(held))
        self.assertEqual([one["SOPInstanceUID"] for one in report["Failures"]], ["2.25.4711"])
        self.assertEqual([one["FailureReason"] for one in report["Failures"]], [NO_SUCH_INSTANCE])


if __name__ == "__main__":
    unittest.main(verbosity=2)
