"""What reads data sets may die: the instance is quarantined as unreadable, everything else goes on."""

import os
import signal
import time
import unittest

import support
from dicom_writer import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, uid
from dimse_peer import store_contexts
from node import DELIVERED
from processes import wait_until
from sample_studies import patient, study

import part10

READY = (*DELIVERED, "delivering")


def children(pid):
    """Process IDs of the running children of `pid` (proc(5))."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat:
                state, parent = stat.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(name))
    return found


class Workers(support.NodeTestCase):
    settings = {"quiet_seconds": 1, "workers": 1, "worker_timeout_seconds": 3}

    def worker(self):
        """The process ID of the only worker, which idles."""
        found = wait_until(lambda: children(self.node.process.pid), 10)
        self.assertEqual(len(found or []), 1)
        return found[0]

    def judged(self, made):
        row = self.node.wait_for_state(made.plan.study_uid, (*READY, "quarantined"), 60)
        self.assertIsNotNone(row, f"it is {self.node.by_study_uid(made.plan.study_uid)}")
        return row

    def unreadable(self):
        rows = self.node.studies()
        return [row for row in rows if row["study_uid"].startswith("unreadable") and row["state"] == "quarantined"]

    def assert_goes_on(self, number, seed):
        made = study(patient(number), seed=seed, slices=22)
        self.send(made.instances)
        self.assertIn(self.judged(made)["state"], READY)
        return made

    def interrupted(self, number, seed, after_stop):
        """A study sent while the worker is stopped, and then `after_stop(pid)` is called. Returns the study and its submission."""
        self.assert_goes_on(number, f"before {seed}")
        pid = self.worker()
        os.kill(pid, signal.SIGSTOP)
        made = study(patient(number), seed=seed, slices=22)
        self.send(made.instances)
        # So that the worker has been given something: one that dies idle is simply replaced.
        time.sleep(0.7)
        after_stop(pid)
        return made, self.judged(made)

    def blob(self, digest):
        return part10.read(self.node.blob_path(digest))

    def test_a_worker_that_dies_once_is_replaced_and_the_job_done_again(self):
        before = len(self.unreadable())
        made, row = self.interrupted(1, "dies", lambda pid: os.kill(pid, signal.SIGKILL))
        self.assertEqual(row["instances"], len(made.instances))
        self.assertIn(row["state"], READY)
        self.assertEqual(len(self.unreadable()), before)

    def test_an_instance_that_hangs_its_worker_is_unreadable(self):
        before = len(self.unreadable())
        made, row = self.interrupted(3, "hangs", lambda pid: None)
        # Which instance the stopped worker had been given is left to chance.
        self.assertEqual(row["instances"], len(made.instances) - 1)
        self.assertTrue(wait_until(lambda: len(self.unreadable()) == before + 1, 30, 0.2), self.node.studies())
        instances = self.node.study(self.unreadable()[-1]["id"])["instances"]
        self.assertEqual([instance["state"] for instance in instances], ["unreadable"])
        sent = {part10.split(instance.encode()).data_set for instance in made.instances}
        self.assertIn(self.blob(instances[0]["digest"]).data_set, sent)
        self.assert_goes_on(4, "after the hang")

    def test_a_nesting_bomb_between_two_studies(self):
        before = len(self.unreadable())
        opening = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
        bomb = part10.Part10(CT_IMAGE_STORAGE, uid("bomb"), EXPLICIT_VR_LITTLE_ENDIAN, opening * 10000)
        with self.associate(store_contexts([bomb])) as association:
            status, _ = association.store(bomb.sop_class, bomb.sop_instance, bomb.transfer_syntax, bomb.data_set)
        self.assertEqual(status, 0x0000)
        self.assert_kept(bomb, self.blobs())
        self.assert_goes_on(5, "after the bomb")
        self.assertTrue(wait_until(lambda: len(self.unreadable()) == before + 1, 30, 0.2), self.node.studies())
        self.assertEqual(self.node.run("audit", "verify").returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
