"""Archives that refuse, stumble or are away: only 0000H is a delivery, the rest is tried again or waits for a person."""

import collections
import threading
import unittest

import support
from dimse_peer import StoreScp
from node import DELIVERED
from processes import LOOPBACK, free_port, wait_until
from sample_studies import of_the_charter, patient, study

WHO = ("--name", "M. Example", "--reason", "the archive was repaired")
SLICES = 22
COERCED, OUT_OF_RESOURCES, CANNOT_UNDERSTAND, NOT_SUPPORTED = 0xB006, 0xA700, 0xC000, 0x0122


class Moody:
    """A status function: `answers` {SOP Instance UID: [status, ...]} first, then success. Thread-safe."""

    def __init__(self):
        self._lock = threading.Lock()
        self.first, self.asked = [], collections.Counter()
        self.answers = {}

    def __call__(self, received):
        with self._lock:
            self.asked[received.sop_instance] += 1
            if received.sop_instance not in self.answers:
                self.answers[received.sop_instance] = list(self.first)
            left = self.answers[received.sop_instance]
            return left.pop(0) if left else 0x0000


class Deliveries(support.NodeTestCase):
    settings = {"quiet_seconds": 1}

    @classmethod
    def before_node(cls):
        cls.moody = Moody()
        cls.archive = StoreScp(cls.moody)
        cls.addClassCleanup(cls.archive.close)
        cls.destinations = [
            {
                "name": "irc-archive",
                "ae_title": "ARCHIVE",
                "host": LOOPBACK,
                "port": cls.archive.port,
                "retry_first_seconds": 1,
            }
        ]

    def deliveries(self, submission):
        return self.node.study(submission)["deliveries"]

    def delivering(self, number, seed, first):
        """Sends a study whose every instance the archive answers with the statuses `first`, then with success."""
        self.moody.first = first
        made = study(patient(number), seed=seed, slices=SLICES)
        self.send(made.instances)
        row = self.node.wait_for_state(made.plan.study_uid, ("delivering", *DELIVERED), 60)
        self.assertIsNotNone(row, f"it is {self.node.by_study_uid(made.plan.study_uid)}")
        return made, row["id"]

    def assert_at_archive(self, submission):
        """The archive said success for every instance, once."""
        mine = {row["sop_instance_uid"] for row in self.node.study(submission)["derived"]}
        self.assertEqual(len(mine), SLICES)
        received = [one.sop_instance for one in self.archive.received if one.sop_instance in mine]
        self.assertEqual(sorted(received), sorted(mine))

    def test_out_of_resources_is_tried_again(self):
        made, submission = self.delivering(1, "A700", [OUT_OF_RESOURCES, OUT_OF_RESOURCES])
        self.assertIsNotNone(self.node.wait_for_state(made.plan.study_uid, DELIVERED, 60))
        self.assertEqual({row["attempts"] for row in self.deliveries(submission)}, {3})
        self.assert_at_archive(submission)

    def assert_waits_for_a_person(self, number, status):
        made, submission = self.delivering(number, f"{status:04X}", [status])

        def all_failed():
            return {row["state"] for row in self.deliveries(submission)} == {"failed"}

        self.assertTrue(wait_until(all_failed, 30, 0.2), self.deliveries(submission)[:2])
        self.assertEqual({row["attempts"] for row in self.deliveries(submission)}, {1})
        self.assertTrue(all(f"{status:04X}" in row["last_error"] for row in self.deliveries(submission)))
        self.assertEqual(self.node.study(submission)["state"], "delivering")
        done = self.node.run("send", str(submission), *WHO)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNotNone(self.node.wait_for_state(made.plan.study_uid, DELIVERED, 60))
        self.assert_at_archive(submission)
        actors = [record["actor"] for record in self.node.study(submission)["history"]]
        self.assertIn(WHO[1], actors)

    def test_coerced_elements_are_no_delivery(self):
        self.assert_waits_for_a_person(2, COERCED)

    def test_cannot_understand(self):
        self.assert_waits_for_a_person(3, CANNOT_UNDERSTAND)

    def test_sop_class_not_supported(self):
        self.assert_waits_for_a_person(4, NOT_SUPPORTED)


class Restart(support.NodeTestCase):
    """An archive that is away, and a node that is killed meanwhile."""

    settings = {"quiet_seconds": 1}

    @classmethod
    def before_node(cls):
        cls.port = free_port()
        cls.destinations = [
            {
                "name": "irc-archive",
                "ae_title": "ARCHIVE",
                "host": LOOPBACK,
                "port": cls.port,
                "retry_first_seconds": 1,
                "retry_longest_seconds": 2,
            }
        ]

    def test_a_delivery_is_resumed_by_the_next_process(self):
        made = study(patient(1), seed="restart", slices=SLICES)
        self.send(made.instances)
        self.assertIsNotNone(self.node.wait_for_state(made.plan.study_uid, ("delivering",), 60))
        self.node.kill()
        self.node.start()
        self.assertEqual(self.node.by_study_uid(made.plan.study_uid)["state"], "delivering")
        archive = StoreScp(port=self.port)
        self.addCleanup(archive.close)
        self.assertIsNotNone(self.node.wait_for_state(made.plan.study_uid, DELIVERED, 60))
        received = [one.sop_instance for one in archive.received]
        self.assertEqual(len(received), len(of_the_charter(made.instances)))
        self.assertEqual(len(set(received)), len(received))
        self.assertEqual(self.node.run("verify-store").returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
