"""C-MOVE and C-GET from a view: movescu, getscu and Orthanc as SCU, storescp, Orthanc and misbehaving peers as destination."""

import os
import threading
import unittest

import support
from dicom_writer import IMPLICIT_VR_LITTLE_ENDIAN
from dimse_peer import Rejected, Requestor, StoreScp
from move_scu import PENDING, Move, identifier
from node import CALLING_AE_TITLE
from peer_table import with_peer
from processes import LOOPBACK, Orthanc, Storescp, free_port, wait_until
from sample_studies import UNREGISTERED, study

import part10

VIEW, WORKSTATION, PLAIN = "TRIALGATE_QUAR", "CRO_WS", "PLAIN"
STALLED, GONE, BREAKING = "STALLED", "GONE", "BREAKING"
SUCCESS, CANCEL, SOME_FAILED, NONE_SENT, UNKNOWN_DESTINATION = 0, 0xFE00, 0xB000, 0xA702, 0xA801
COMPRESSED = ("MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_bigendian.dcm")
# Study, series and SOP instance of the sample slice.
SAMPLE_UIDS = tuple(f"1.3.6.1.4.1.5962.{middle}.20040826185059.5457" for middle in ("1.2.4", "1.3.4.1", "1.1.4.1.1"))
PIXEL_DATA, STUDY_UID = 0x7FE00010, 0x0020000D


def encoded_sample(name, number):
    """One of the sample's encodings as an instance of its own: they share the UIDs of the slice that they are."""
    file = part10.read(os.path.join(support.DATA, "syntax", name))
    data_set, instance = file.data_set, file.sop_instance
    for uid in SAMPLE_UIDS:
        other = uid[:-2] + f"{70 + number}"
        data_set = data_set.replace(uid.encode(), other.encode())
        instance = instance.replace(uid, other)
    return part10.Part10(file.sop_class, instance, file.transfer_syntax, data_set)


def takes(count):
    """A StoreScp's status: success so often, then every association breaks."""
    left = iter(range(count))
    lock = threading.Lock()

    def status(_):
        with lock:
            if next(left, None) is None:
                raise OSError("it vanishes")
        return 0

    return status


class Retrieves(support.NodeTestCase):
    """A quarantined study of synthetic CT, and data sets in other transfer syntaxes."""

    settings = {"quiet_seconds": 1}

    @classmethod
    def before_node(cls):
        cls.workstation = Storescp(cls.folder_of("workstation"), WORKSTATION)
        cls.plain = Storescp(cls.folder_of("plain"), PLAIN, options=("--bit-preserving", "--fork", "--implicit"))
        cls.stalled_until = threading.Event()
        cls.stalled = StoreScp(status=lambda _: cls.stalled_until.wait(60) and 0)
        cls.breaking = StoreScp(status=takes(5))
        cls.gone = free_port()
        for peer in (cls.workstation, cls.plain, cls.stalled, cls.breaking):
            cls.addClassCleanup(peer.close)
        cls.addClassCleanup(cls.stalled_until.set)
        looks = {"addresses": ["127.0.0.0/8"], "host": LOOPBACK}
        cls.peers = [
            {"ae_title": CALLING_AE_TITLE, "site": "SITE01", "addresses": ["127.0.0.0/8"]},
            {"ae_title": WORKSTATION, "port": cls.workstation.port, "response_seconds": 20, **looks},
            {"ae_title": PLAIN, "port": cls.plain.port, **looks},
            {"ae_title": STALLED, "port": cls.stalled.port, "response_seconds": 2, **looks},
            {"ae_title": BREAKING, "port": cls.breaking.port, **looks},
            {"ae_title": GONE, "port": cls.gone, **looks},
        ]
        others = [PLAIN, STALLED, BREAKING, GONE]
        cls.sections = {
            "views": [{"ae_title": VIEW, "shows": "quarantine", "peers": [WORKSTATION, *others], "move_to": others}]
        }

    @classmethod
    def folder_of(cls, name):
        return os.path.join(cls.directory, name)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = study(UNREGISTERED, seed="retrieve")
        cls.sent += cls.made.instances
        cls.files = [part10.split(instance.encode()) for instance in cls.made.instances]
        cls.compressed = [encoded_sample(name, at) for at, name in enumerate(COMPRESSED)]
        for files in (cls.files, *([file] for file in cls.compressed)):
            contexts = support.store_contexts(files)
            with Requestor(LOOPBACK, cls.node.port, CALLING_AE_TITLE, "TRIALGATE", contexts) as association:
                for file in files:
                    status, _ = association.store(
                        file.sop_class, file.sop_instance, file.transfer_syntax, file.data_set
                    )
                    assert status == 0, status
        row = cls.node.wait_for_state(cls.made.plan.study_uid, ("quarantined",), 60)
        assert row, "not quarantined"

    def setUp(self):
        for peer in (self.workstation, self.plain):
            for name in peer.files():
                os.unlink(name)

    def move(self, destination, keys, calling=WORKSTATION):
        return Move(self.node.port, VIEW, calling, destination, keys)

    def study_keys(self):
        return identifier("STUDY", study=self.made.plan.study_uid)

    def assert_arrived(self, peer):
        """Every instance of the study, bit for bit."""
        arrived = {file.sop_instance: support.sha256(file.data_set) for file in map(part10.read, peer.files())}
        self.assertEqual(arrived, {file.sop_instance: support.sha256(file.data_set) for file in self.files})

    def assert_audited(self, event, **expected):
        wait_until(lambda: f" {event} " in self.node.log(), 10)
        done = self.node.run("audit", "export")
        self.assertEqual(done.returncode, 0, done.stderr)
        mine = [line for line in done.stdout.splitlines() if f'"event":"{event}"' in line]
        self.assertTrue(mine, event)
        for name, value in expected.items():
            self.assertIn(f'\\"{name}\\":{value}', mine[-1])

    def move_to_workstation(self, *options):
        return support.run_tool(
            "movescu", "-v", "-S", "-aet", WORKSTATION, "-aec", VIEW, "-aem", WORKSTATION, *options, LOOPBACK, str(self.node.port)
        )

    @with_peer("movescu", "C-MOVE as SCU")
    def test_movescu_moves_a_study_to_storescp(self):
        done = self.move_to_workstation("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={self.made.plan.study_uid}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_arrived(self.workstation)
        self.assert_audited("retrieve.move", completed=len(self.files), failed=0, remaining=0)

    def test_the_counters_are_exact_in_every_response(self):
        answers = self.move(WORKSTATION, self.study_keys()).responses()
        for status, counts, failed in answers:
            remaining, completed, failed_count, warning = counts
            if status == PENDING:
                self.assertEqual(remaining + completed + failed_count + warning, len(self.files))
            self.assertEqual(failed, [])
        self.assertEqual(answers[-1], (SUCCESS, [None, len(self.files), 0, 0], []))
        self.assert_arrived(self.workstation)

    def test_one_instance_and_a_list_of_instances(self):
        series = self.made.plan.study_uid
        for chosen in ([self.files[0]], self.files[1:4]):
            uids = [file.sop_instance for file in chosen]
            series = part10.text(chosen[0], 0x0020000E)
            keys = identifier("IMAGE", study=self.made.plan.study_uid, series=series, image=uids)
            expected = sum(part10.text(file, 0x0020000E) == series for file in chosen)
            answers = self.move(WORKSTATION, keys).responses()
            self.assertEqual(answers[-1], (SUCCESS, [None, expected, 0, 0], []))

    def test_ten_thousand_uids_of_which_none_is_there(self):
        keys = identifier("STUDY", study=[f"1.2.3.{at}" for at in range(10_000)])
        self.assertEqual(self.move(WORKSTATION, keys).responses(), [(SUCCESS, [None, 0, 0, 0], [])])

    def test_an_unknown_destination_is_refused(self):
        for destination in ("NOWHERE", CALLING_AE_TITLE, ""):
            with self.subTest(destination):
                self.assertEqual(self.move(destination, self.study_keys()).responses()[0][0], UNKNOWN_DESTINATION)
        self.assert_audited("retrieve.move", status=UNKNOWN_DESTINATION)

    def test_an_identifier_that_makes_no_sense_is_refused(self):
        for keys in (identifier("STUDY"), identifier("PLANET", study="1.2.3"), b"\xff" * 40):
            self.assertEqual(self.move(WORKSTATION, keys).responses()[-1][0], 0xA900)

    def test_a_view_does_not_exist_for_others(self):
        with self.assertRaises(Rejected):
            self.move(CALLING_AE_TITLE, self.study_keys(), CALLING_AE_TITLE)

    def test_a_destination_that_is_away(self):
        status, counts, failed = self.move(GONE, self.study_keys()).responses()[-1]
        self.assertEqual((status, counts), (NONE_SENT, [None, 0, len(self.files), 0]))
        self.assertEqual(sorted(failed), sorted(file.sop_instance for file in self.files))

    def test_a_destination_that_vanishes_half_way(self):
        status, counts, failed = self.move(BREAKING, self.study_keys()).responses()[-1]
        self.assertEqual((status, counts), (SOME_FAILED, [None, 5, len(self.files) - 5, 0]))
        arrived = {instance.sop_instance for instance in self.breaking.received}
        self.assertEqual(set(failed) | arrived, {file.sop_instance for file in self.files})
        self.assertEqual(len(set(failed)), len(self.files) - 5)

    def test_a_destination_that_stalls(self):
        status, counts, failed = self.move(STALLED, self.study_keys()).responses()[-1]
        self.assertEqual((status, counts[2], len(failed)), (NONE_SENT, len(self.files), len(self.files)))

    def test_a_cancel_within_a_move(self):
        move = self.move(STALLED, self.study_keys())
        self.assertTrue(wait_until(lambda: self.stalled.associations > 0, 10))
        move.cancel()
        status, counts, _ = move.responses()[-1]
        self.assertEqual(status, CANCEL)
        self.assertEqual(sum(counts), len(self.files))
        self.assertGreater(counts[0], 0)

    def test_compressed_ones_go_uncompressed_to_a_peer_that_takes_nothing_else(self):
        plain = part10.read(os.path.join(support.DATA, "syntax", "MR_small_implicit.dcm"))
        for at, (name, file) in enumerate(zip(COMPRESSED, self.compressed)):
            with self.subTest(name):
                study_uid, series_uid = (uid[:-2] + f"{70 + at}" for uid in SAMPLE_UIDS[:2])
                self.assertIsNotNone(self.node.wait_for_state(study_uid, ("quarantined",), 60))
                keys = identifier("IMAGE", study=study_uid, series=series_uid, image=file.sop_instance)
                status, counts, _ = self.move(PLAIN, keys).responses()[-1]
                self.assertEqual((status, counts[1]), (SUCCESS, 1), self.node.log()[-600:])
                (arrived,) = self.plain.files()
                copy = part10.read(arrived)
                self.assertEqual(copy.transfer_syntax, IMPLICIT_VR_LITTLE_ENDIAN)
                self.assertEqual(copy.sop_instance, file.sop_instance)
                self.assertEqual(part10.text(copy, STUDY_UID), study_uid)
                pixels = (part10.top_level(one)[PIXEL_DATA] for one in (copy, plain))
                self.assertEqual(*map(support.sha256, pixels))
                os.unlink(arrived)

    @with_peer("getscu", "C-GET as SCU")
    def test_getscu_gets_a_study(self):
        folder = self.folder("got")
        os.makedirs(folder)
        done = support.run_tool(
            "getscu", "-v", "-S", "-aet", WORKSTATION, "-aec", VIEW, "-od", folder, "+B",
            "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={self.made.plan.study_uid}",
            LOOPBACK, str(self.node.port),
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        got = [part10.read(os.path.join(folder, name)) for name in os.listdir(folder)]
        self.assertEqual(
            {file.sop_instance: support.sha256(file.data_set) for file in got},
            {file.sop_instance: support.sha256(file.data_set) for file in self.files},
        )
        self.assert_audited("retrieve.get", completed=len(self.files))


class OrthancRetrieves(support.NodeTestCase):
    """Orthanc asks for a study, and gets it."""

    settings = {"quiet_seconds": 1}

    @classmethod
    def before_node(cls):
        port = free_port()
        cls.sections = {"views": [{"ae_title": VIEW, "shows": "quarantine", "peers": ["ORTHANC"]}]}
        cls.settings = {**cls.settings, "listen": [{"address": LOOPBACK, "port": port}]}
        cls.orthanc = Orthanc(os.path.join(cls.directory, "orthanc"), modalities={"gate": (VIEW, port)})
        cls.addClassCleanup(cls.orthanc.close)
        cls.peers = [
            {"ae_title": CALLING_AE_TITLE, "site": "SITE01", "addresses": ["127.0.0.0/8"]},
            {"ae_title": "ORTHANC", "addresses": ["127.0.0.0/8"], "host": LOOPBACK, "port": cls.orthanc.port},
        ]

    @with_peer("Orthanc", "C-MOVE as SCU")
    def test_orthanc_moves_a_study_to_itself(self):
        made = study(UNREGISTERED, seed="orthanc")
        self.send(made.instances)
        self.settled(made, ("quarantined",))
        body = {"Level": "Study", "Resources": [{"StudyInstanceUID": made.plan.study_uid}], "TargetAet": "ORTHANC"}
        self.orthanc.request("POST", "/modalities/gate/move", body)
        self.assertEqual(len(self.orthanc.instances()), len(made.instances))


if __name__ == "__main__":
    unittest.main(verbosity=2)
