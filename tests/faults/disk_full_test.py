"""A disk that fills up: C-STORE is answered A700H, the node stays up, and service resumes when there is space again.

What single failing operations do (ENOSPC, EIO at each of them) is shown in storage/. Here the whole node runs, on a small file
system of its own where the machine lets us mount one, and under a watermark above the free space everywhere.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.normpath(os.path.join(HERE, "..", "interop")))

import support  # noqa: E402
from node import AE_TITLE, CALLING_AE_TITLE, Node  # noqa: E402
from processes import LOOPBACK, wait_until  # noqa: E402
from dimse_peer import Requestor, store_contexts  # noqa: E402
from sample_studies import of_the_charter, patient, study  # noqa: E402

import part10  # noqa: E402

SUCCESS, OUT_OF_RESOURCES = 0x0000, 0xA700
FILE_SYSTEM_BYTES = 192 << 20
PIXEL_ROWS = 512  # an instance of 512 KiB


def files():
    """Instances of one size without end: slices of studies of one patient."""
    number = 0
    while True:
        made = study(patient(1), seed=f"disk {number}", slices=4, size=PIXEL_ROWS)
        yield from (part10.split(instance.encode()) for instance in of_the_charter(made.instances))
        number += 1


class DiskTestCase(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="trialgate-disk-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.files = files()

    def node(self, **settings):
        node = Node(os.path.join(self.directory, "node"), [support.TRIAL], settings={"quiet_seconds": 1, **settings})
        self.addCleanup(node.stop)
        return node

    def store(self, node, file):
        with Requestor(LOOPBACK, node.port, CALLING_AE_TITLE, AE_TITLE, store_contexts([file])) as association:
            return association.store(file.sop_class, file.sop_instance, file.transfer_syntax, file.data_set)[0]

    def storescu(self, node):
        """What DCMTK's storescu says of one more instance."""
        made = study(patient(1), seed="storescu", slices=1, size=PIXEL_ROWS)
        path = support.write_instances(os.path.join(self.directory, "send"), made.instances[-1:])[0]
        return support.run_tool(
            "storescu", "-v", "-aet", CALLING_AE_TITLE, "-aec", AE_TITLE, LOOPBACK, str(node.port), path
        )

    def assert_refused(self, node):
        self.assertEqual(self.store(node, next(self.files)), OUT_OF_RESOURCES)
        said = self.storescu(node)
        self.assertIn("Refused: OutOfResources", said.stdout + said.stderr)
        self.assertTrue(node.alive())

    def assert_whole(self, node, acknowledged):
        """Every acknowledged instance is there, and the store and the trail verify."""
        missing = {support.sha256(file.data_set) for file in acknowledged} - self.data_sets(node)
        self.assertEqual(missing, set(), "acknowledged instances are lost")
        for command in (("verify-store",), ("audit", "verify")):
            done = node.run(*command)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def blobs(self, node):
        return [os.path.join(at, name) for at, _, names in os.walk(os.path.join(node.store, "blobs")) for name in names]

    def data_sets(self, node):
        found = set()
        for path in self.blobs(node):
            try:
                found.add(support.sha256(part10.read(path).data_set))
            except part10.NotPart10:
                continue
        return found


class Watermark(DiskTestCase):
    """Free space below the configured watermark. Needs no rights."""

    def test_refuses_below_the_watermark_and_accepts_above(self):
        node = self.node(free_space={"percent": 0, "gib": 1000000})
        node.start()
        self.assert_refused(node)
        self.assertEqual(self.blobs(node), [])
        self.assertEqual(node.stop(), 0)
        node.config["node"]["free_space"] = {"percent": 0, "gib": 0}
        node.write_config()
        node.start()
        file = next(self.files)
        self.assertEqual(self.store(node, file), SUCCESS)
        self.assert_whole(node, [file])


def may_mount():
    """Whether a tmpfs can be mounted here."""
    directory = tempfile.mkdtemp(prefix="trialgate-mount-")
    try:
        if os.geteuid() != 0 or not shutil.which("mount"):
            return False
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory], capture_output=True)
        if done.returncode == 0:
            subprocess.run(["umount", directory], check=True)
        return done.returncode == 0
    finally:
        os.rmdir(directory)


@unittest.skipUnless(may_mount(), "NOT TESTED: a really full file system needs root and the right to mount a tmpfs")
class FullFileSystem(DiskTestCase):
    """The store on a file system of its own that really fills up."""

    def setUp(self):
        super().setUp()
        self.mounted = os.path.join(self.directory, "disk")
        os.mkdir(self.mounted)
        size = f"size={FILE_SYSTEM_BYTES}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", self.mounted], check=True)
        # Cleaned up after the node has ended and before the folder is removed.
        self.addCleanup(subprocess.run, ["umount", self.mounted], check=True)
        self.balloon = os.path.join(self.mounted, "balloon")

    def node(self, **settings):
        node = super().node(store=os.path.join(self.mounted, "store"), **settings)
        node.store = node.config["node"]["store"]
        return node

    def blow_up(self, leave):
        """Fills the file system until `leave` bytes are free."""
        space = os.statvfs(self.mounted)
        with open(self.balloon, "wb") as out:
            os.posix_fallocate(out.fileno(), 0, space.f_bavail * space.f_frsize - leave)

    def fill_and_recover(self, node, leave):
        acknowledged = []
        for _ in range(3):
            acknowledged.append(next(self.files))
            self.assertEqual(self.store(node, acknowledged[-1]), SUCCESS)
        for _ in range(2):
            self.blow_up(leave)
            for _ in range(20):
                file = next(self.files)
                status = self.store(node, file)
                self.assertIn(status, (SUCCESS, OUT_OF_RESOURCES))
                if status == SUCCESS:
                    acknowledged.append(file)
            self.assertEqual(status, OUT_OF_RESOURCES, "it never became full")
            self.assert_refused(node)
            os.unlink(self.balloon)
            file = next(self.files)
            self.assertTrue(wait_until(lambda: self.store(node, file) == SUCCESS, 15, 0.5), "service did not resume")
            acknowledged.append(file)
        self.assert_whole(node, acknowledged)
        self.assertEqual(node.stop(), 0)
        node.start()
        self.assert_whole(node, acknowledged)

    def test_watermark_is_reached(self):
        with self.node(free_space={"percent": 20, "gib": 0}) as node:
            self.fill_and_recover(node, (FILE_SYSTEM_BYTES * 20 // 100) + (4 << 20))

    def test_no_byte_is_left(self):
        with self.node(free_space={"percent": 0, "gib": 0}) as node:
            self.fill_and_recover(node, 2 << 20)


if __name__ == "__main__":
    unittest.main(verbosity=2)
