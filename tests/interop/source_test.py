"""A study compared with what the site's own archive has of it, asked by C-FIND: Orthanc as that archive."""

import os
import unittest

import support
from node import CALLING_AE_TITLE
from peer_table import with_peer
from processes import LOOPBACK, Orthanc, free_port
from sample_studies import patient, study

DELIVERING = ("released", "deidentified", "delivering")
PEERS = [
    {"ae_title": CALLING_AE_TITLE, "site": "SITE01", "addresses": ["127.0.0.0/8"]},
    {"ae_title": "SITE02_CT", "site": "SITE02", "addresses": ["127.0.0.0/8"]},
]


class Source(support.NodeTestCase):
    settings = {"quiet_seconds": 1}
    peers = PEERS

    @classmethod
    def before_node(cls):
        cls.pacs = Orthanc(os.path.join(cls.directory, "pacs"), "PACS", settings={"DicomAlwaysAllowFind": True})
        cls.addClassCleanup(cls.pacs.close)
        cls.sections = {
            "sites": [
                {"id": "SITE01", "pacs": {"ae_title": "PACS", "host": LOOPBACK, "port": cls.pacs.port}},
            ]
        }

    def archive(self, instances):
        for instance in instances:
            self.pacs.request("POST", "/instances", instance.encode())

    def findings(self, row):
        return {finding["rule_id"]: finding for finding in self.node.study(row["id"])["verdict"]["findings"]}

    @with_peer("Orthanc", "C-FIND as SCP")
    def test_a_study_that_is_all_there_is_released(self):
        made = study(patient(1), seed="whole")
        self.archive(made.instances)
        self.send(made.instances)
        row = self.settled(made, DELIVERING)
        events = [record for record in self.node.study(row["id"])["history"] if record["event"] == "source.compared"]
        self.assertEqual([record["reason"] for record in events], [f"0 of {len(made.instances)} instances did not arrive"])

    def test_slices_that_the_archive_still_has_are_missed_although_the_geometry_shows_no_gap(self):
        made = study(patient(2), seed="cut short")
        self.archive(made.instances)
        self.send(made.instances[:-3])
        row = self.settled(made, ("quarantined",))
        finding = self.findings(row)["study/complete_at_source"]
        self.assertIn("3 did not arrive", finding["found"])
        missing = {instance.sop_instance_uid for instance in made.instances[-3:]}
        self.assertEqual(set(finding["subject"]["instances"]), missing)
        self.send(made.instances[-3:])
        self.settled(made, DELIVERING, version=2)

    def test_a_series_that_was_never_sent_is_not_missed(self):
        made = study(patient(3), seed="localizer stays")
        self.archive(made.instances)
        self.send([instance for instance in made.instances if instance.series_number != 1])
        self.settled(made, DELIVERING)


class SourceAway(support.NodeTestCase):
    """An archive that does not answer holds up nothing but its own site's studies, and these not for long."""

    settings = {"quiet_seconds": 1}
    peers = PEERS

    @classmethod
    def before_node(cls):
        cls.sections = {"sites": [{"id": "SITE01", "pacs": {"ae_title": "PACS", "host": LOOPBACK, "port": free_port()}}]}

    def test_the_study_is_judged_without_it_and_the_verdict_says_so(self):
        made = study(patient(4), seed="no answer")
        self.send(made.instances)
        row = self.settled(made, DELIVERING)
        findings = self.node.study(row["id"])["verdict"]["findings"]
        self.assertEqual([(f["rule_id"], f["result"]) for f in findings], [("study/complete_at_source", "not_determinable")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
