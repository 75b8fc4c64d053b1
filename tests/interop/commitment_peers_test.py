"""Storage commitment both ways (PS3.4 annex J) with a peer that refuses, never reports, forges or is away, and with damaged blobs."""

import glob
import os
import shutil
import unittest

import support
from dicom_writer import CT_IMAGE_STORAGE, uid
from node import CALLING_AE_TITLE
from normalized_peer import (
    COMMITMENT,
    COMMITMENT_INSTANCE,
    N_ACTION,
    N_EVENT_REPORT,
    NO_SUCH_INSTANCE,
    PROCESSING_FAILURE,
    CommitmentPeer,
    commitment,
    contexts,
    perform,
)
import part10
from dimse_peer import us
from processes import LOOPBACK, free_port, wait_until
from sample_studies import patient, study

ALL_COMMITTED, NOT_ALL_COMMITTED = 1, 2


def references(instances):
    return [(CT_IMAGE_STORAGE, instance.sop_instance_uid) for instance in instances]


class Provider(support.NodeTestCase):
    """What peers ask the node to commit itself to."""

    settings = {"quiet_seconds": 60}

    @classmethod
    def before_node(cls):
        cls.scanner = CommitmentPeer()
        cls.addClassCleanup(cls.scanner.close)
        cls.away = free_port()
        cls.peers = [
            peer(CALLING_AE_TITLE, "SITE01", cls.scanner.port),
            peer("SITE01_CT2", "SITE01", cls.away),
            peer("SITE02_CT", "SITE02", cls.scanner.port),
        ]
        cls.sections = {"storage_commitment": {"retry_first_seconds": 0.5}}

    def ask(self, transaction, instances, calling=CALLING_AE_TITLE):
        with self.associate(contexts(COMMITMENT), calling=calling) as association:
            data_set = commitment(transaction, instances)
            return us(perform(association, N_ACTION, COMMITMENT, COMMITMENT_INSTANCE, data_set, 1), 0x0900)

    def report_on(self, transaction, scanner=None, count=1):
        def came():
            reports = [report for report in (scanner or self.scanner).reports if report[1] == transaction]
            return reports if len(reports) >= count else None

        reports = wait_until(came, 60, 0.05)
        self.assertIsNotNone(reports, f"no report; {self.node.last_log_line()}")
        return reports[-1]

    def path_of(self, sop_instance):
        for path in glob.glob(os.path.join(self.node.store, "blobs", "*", "*")):
            with open(path, "rb") as blob:
                if part10.split(blob.read()).sop_instance == sop_instance:
                    return path
        raise AssertionError("no such blob")

    def test_what_is_there_is_committed_and_what_is_not_is_told(self):
        made = study(patient(1), seed="kept")
        self.send(made.instances)
        transaction, missing = uid("first"), uid("never sent")
        self.assertEqual(self.ask(transaction, references(made.instances)), 0)
        kind, _, committed, failed, _ = self.report_on(transaction)
        self.assertEqual((kind, len(committed), failed), (ALL_COMMITTED, len(made.instances), {}))
        # The same again is success and one more report; with other instances it is another transaction.
        self.assertEqual(self.ask(transaction, references(made.instances)), 0)
        self.report_on(transaction, count=2)
        self.assertEqual(self.ask(transaction, references(made.instances[1:])), 0x0115)

        transaction = uid("second")
        self.assertEqual(self.ask(transaction, references(made.instances[:1]) + [(CT_IMAGE_STORAGE, missing)]), 0)
        kind, _, committed, failed, _ = self.report_on(transaction)
        self.assertEqual((kind, len(committed), failed), (NOT_ALL_COMMITTED, 1, {missing: NO_SUCH_INSTANCE}))

    def test_another_sites_instances_do_not_exist(self):
        made = study(patient(2), seed="of site 1")
        self.send(made.instances)
        transaction = uid("of site 2")
        self.assertEqual(self.ask(transaction, references(made.instances[:1]), calling="SITE02_CT"), 0)
        _, _, committed, failed, _ = self.report_on(transaction)
        self.assertEqual((committed, set(failed.values())), (set(), {NO_SUCH_INSTANCE}))

    def test_a_damaged_blob_is_not_committed(self):
        made = study(patient(3), seed="damaged")
        self.send(made.instances)
        path = self.path_of(made.instances[0].sop_instance_uid)
        os.chmod(path, 0o600)
        with open(path, "r+b") as blob:
            blob.seek(-2, os.SEEK_END)
            blob.write(b"#!")
        transaction = uid("damaged")
        self.assertEqual(self.ask(transaction, references(made.instances)), 0)
        _, _, committed, failed, _ = self.report_on(transaction)
        self.assertEqual(failed, {made.instances[0].sop_instance_uid: PROCESSING_FAILURE})
        self.assertEqual(len(committed), len(made.instances) - 1)

    def test_a_report_to_a_peer_that_is_away_is_delivered_after_a_restart_of_both(self):
        made = study(patient(4), seed="away")
        self.send(made.instances)
        transaction = uid("away")
        self.assertEqual(self.ask(transaction, references(made.instances), calling="SITE01_CT2"), 0)
        self.assertTrue(wait_until(lambda: "commitment.not_reported" in self.node.log(), 30))
        self.node.kill()
        scanner = CommitmentPeer(port=self.away)
        self.addCleanup(scanner.close)
        self.node.start()
        kind, *_ = self.report_on(transaction, scanner)
        self.assertEqual(kind, ALL_COMMITTED)


def peer(ae_title, site, port):
    return {"ae_title": ae_title, "site": site, "addresses": ["127.0.0.0/8"], "host": LOOPBACK, "port": port}


class UserTestCase(support.NodeTestCase):
    """A node whose trial wants the archive's commitment."""

    settings = {"quiet_seconds": 1}

    @classmethod
    def prepare(cls, ae_title, port, commitment_settings):
        archive = {"name": "irc-archive", "ae_title": ae_title, "host": LOOPBACK, "port": port, "retry_first_seconds": 1}
        cls.destinations = [{**archive, "commitment": commitment_settings}]
        folder = os.path.join(cls.directory, "trials")
        os.makedirs(folder)
        shutil.copy(support.TRIAL.replace(".yaml", "-subjects.csv"), folder)
        with open(support.TRIAL, encoding="utf-8") as trial:
            text = trial.read()
        cls.trials = (os.path.join(folder, "ONC-301.yaml"),)
        with open(cls.trials[0], "w", encoding="utf-8") as trial:
            trial.write(text.replace("confirm: none", "confirm: storage_commitment"))


class Archive(UserTestCase):
    @classmethod
    def before_node(cls):
        cls.archive = CommitmentPeer()
        cls.addClassCleanup(cls.archive.close)
        cls.prepare("ARCHIVE", cls.archive.port, {"report_within_seconds": 2, "same_association_seconds": 1, "requests": 2, "refusals": 1})

    def test_a_refused_instance_is_sent_again_alone_and_then_confirmed(self):
        made = study(patient(2), seed="refused once")
        refused = []

        def refuse(sop_instance):
            if not refused:
                refused.append(sop_instance)
            return NO_SUCH_INSTANCE if sop_instance == refused[0] and len(self.archive.requests) < 2 else 0

        self.archive.refuse, self.archive.requests[:], self.archive.received[:] = refuse, [], []
        self.send(made.instances)
        self.settled(made, ("confirmed",))
        sent = [one.sop_instance for one in self.archive.received]
        self.assertEqual(sent.count(refused[0]), 2)
        self.assertEqual(len(sent), len(set(sent)) + 1)
        self.assertEqual([len(instances) for _, instances in self.archive.requests], [len(set(sent)), 1])

    def test_an_archive_that_never_reports_is_asked_again_and_then_waits_for_a_person(self):
        made = study(patient(3), seed="silent")
        self.archive.refuse, self.archive.requests[:] = lambda _: 0, []
        self.archive.report_to = lambda *_: None
        self.addCleanup(setattr, self.archive, "report_to", None)
        self.send(made.instances)
        row = self.settled(made, ("delivering", "delivered"))
        given_up = wait_until(
            lambda: [one for one in self.node.study(row["id"])["history"] if one["event"] == "submission.not_committed"], 60, 0.3
        )
        self.assertTrue(given_up, self.node.last_log_line())
        self.assertEqual(len({transaction for transaction, _ in self.archive.requests}), 2)
        self.assertEqual(self.node.by_study_uid(made.plan.study_uid)["state"], "delivering")

    def test_a_report_is_taken_from_the_destination_alone(self):
        with self.associate(contexts(COMMITMENT)) as association:
            data_set = commitment(uid("forged"), [(CT_IMAGE_STORAGE, uid("any"))])
            answer = perform(association, N_EVENT_REPORT, COMMITMENT, COMMITMENT_INSTANCE, data_set, 1)
        self.assertEqual(us(answer, 0x0900), 0x0124)
        with self.associate(contexts(COMMITMENT), calling="ARCHIVE") as association:
            answer = perform(association, N_EVENT_REPORT, COMMITMENT, COMMITMENT_INSTANCE, data_set, 1)
        self.assertEqual(us(answer, 0x0900), 0x0115)


if __name__ == "__main__":
    unittest.main(verbosity=2)
