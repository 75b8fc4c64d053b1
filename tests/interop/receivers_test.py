"""Archives of other projects: storescp, Orthanc and dcmqrscp receive what is released, whole and without an identity."""

import os
import unittest

import support
from node import AE_TITLE, CALLING_AE_TITLE, DELIVERED
from peer_table import with_peer
from processes import LOOPBACK, DcmQrScp, Orthanc, Storescp
from sample_studies import BASELINE, of_the_charter, patient, study

import identifiers
import part10

PIXEL_DATA, PATIENT_ID, STUDY_UID = 0x7FE00010, 0x00100020, 0x0020000D
SEARCHED = identifiers.PERSONS + identifiers.PLACES + identifiers.UIDS + identifiers.DATES


class ReceiverTestCase(support.NodeTestCase):
    """Sends conforming baselines and looks at what the archive of the class then holds."""

    __test__ = False

    def deliver(self):
        studies = [
            study(patient(1), "siemens", BASELINE),
            study(patient(2), "ge", BASELINE),
            study(patient(6), "uih", BASELINE),
        ]
        for at, made in enumerate(studies):
            type(self).sent += made.instances
            folder = self.folder(f"study{at}")
            support.write_instances(folder, made.instances)
            done = support.run_tool(
                "storescu",
                "-aet",
                CALLING_AE_TITLE,
                "-aec",
                AE_TITLE,
                "--scan-directories",
                LOOPBACK,
                str(self.node.port),
                folder,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
        for made in studies:
            row = self.node.wait_for_state(made.plan.study_uid, DELIVERED, 90)
            self.assertIsNotNone(row, f"not delivered: {self.node.by_study_uid(made.plan.study_uid)}")
        return studies

    def assert_deidentified_copies(self, studies, files):
        """`files` (bytes) are exactly what the charter asks for of `studies`, with its pixels and without an identity."""
        instances = [instance for made in studies for instance in of_the_charter(made.instances)]
        self.assertEqual(len(files), len(instances))
        everything = [instance for made in studies for instance in made.instances]
        values = identifiers.identifying_values(everything, SEARCHED)
        for raw in files:
            self.assertEqual(identifiers.hits(raw, values), [])
        copies = [part10.split(raw) for raw in files]
        self.assertEqual(
            len({copy.sop_instance for copy in copies}), len(instances), "two copies share a SOP Instance UID"
        )
        self.assertEqual(len({part10.text(copy, STUDY_UID) for copy in copies}), len(studies))
        self.assertEqual(
            sorted(support.sha256(part10.top_level(copy)[PIXEL_DATA]) for copy in copies),
            sorted(support.sha256(instance.dataset["PixelData"]) for instance in instances),
        )

    @classmethod
    def read(cls, paths):
        for path in paths:
            with open(path, "rb") as file:
                yield file.read()


class ToStorescp(ReceiverTestCase):
    __test__ = True

    @classmethod
    def before_node(cls):
        cls.archive = Storescp(os.path.join(cls.directory, "storescp"))
        cls.addClassCleanup(cls.archive.close)
        cls.destinations = [{"name": "irc-archive", "ae_title": "ARCHIVE", "host": LOOPBACK, "port": cls.archive.port}]

    @with_peer("storescp", "C-STORE as SCP")
    def test_released_studies_arrive(self):
        studies = self.deliver()
        self.assert_deidentified_copies(studies, list(self.read(self.archive.files())))


class ToDcmqrscp(ReceiverTestCase):
    __test__ = True

    @classmethod
    def before_node(cls):
        cls.archive = DcmQrScp(os.path.join(cls.directory, "dcmqrscp"))
        cls.addClassCleanup(cls.archive.close)
        # Its processes name their files by the second: on several associations at once they overwrite each other's.
        cls.destinations = [
            {
                "name": "irc-archive",
                "ae_title": "QRARCHIVE",
                "host": LOOPBACK,
                "port": cls.archive.port,
                "associations": 1,
            }
        ]

    @with_peer("dcmqrscp", "C-STORE as SCP")
    def test_released_studies_arrive(self):
        studies = self.deliver()
        self.assert_deidentified_copies(studies, list(self.read(self.archive.files())))


class ToOrthanc(ReceiverTestCase):
    __test__ = True

    @classmethod
    def before_node(cls):
        cls.archive = Orthanc(os.path.join(cls.directory, "orthanc"))
        cls.addClassCleanup(cls.archive.close)
        cls.destinations = [{"name": "irc-archive", "ae_title": "ORTHANC", "host": LOOPBACK, "port": cls.archive.port}]

    @with_peer("Orthanc", "C-STORE as SCP")
    def test_released_studies_arrive(self):
        studies = self.deliver()
        files = [self.archive.request("GET", f"/instances/{name}/file") for name in self.archive.instances()]
        self.assert_deidentified_copies(studies, files)


class UnreachableArchive(ReceiverTestCase):
    """An archive that is away when a study is released gets it once it is back."""

    __test__ = True

    @classmethod
    def before_node(cls):
        cls.archive = Storescp(os.path.join(cls.directory, "storescp"))
        cls.archive.close()
        cls.destinations = [
            {
                "name": "irc-archive",
                "ae_title": "ARCHIVE",
                "host": LOOPBACK,
                "port": cls.archive.port,
                "retry_first_seconds": 1,
            }
        ]

    def test_delivery_waits_for_the_archive(self):
        made = study(patient(1), "siemens", BASELINE)
        type(self).sent += made.instances
        folder = self.folder("study")
        support.write_instances(folder, made.instances)
        done = support.run_tool(
            "storescu",
            "-aet",
            CALLING_AE_TITLE,
            "-aec",
            AE_TITLE,
            "--scan-directories",
            LOOPBACK,
            str(self.node.port),
            folder,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNotNone(self.node.wait_for_state(made.plan.study_uid, ("delivering",), 60))
        archive = Storescp(os.path.join(self.directory, "storescp"), port=self.archive.port)
        self.addCleanup(archive.close)
        self.assertIsNotNone(self.node.wait_for_state(made.plan.study_uid, DELIVERED, 60))
        self.assert_deidentified_copies([made], list(self.read(archive.files())))


if __name__ == "__main__":
    unittest.main(verbosity=2)
