"""Senders of other projects: storescu, dcmsend, gdcmscu and Orthanc. What arrives is what they send."""

import glob
import os
import unittest

import support
from dimse_peer import StoreScp
from node import AE_TITLE, CALLING_AE_TITLE
from peer_table import with_peer
from processes import LOOPBACK, Orthanc
from sample_studies import UNREGISTERED, study

import part10

PIXEL_DATA = 0x7FE00010


class Senders(support.NodeTestCase):
    """Each sender sends one study of each header style to the node, and the same to a peer of ours that keeps what it gets."""

    @classmethod
    def before_node(cls):
        cls.studies = {
            style: study(UNREGISTERED, style, slices=6) for style in ("siemens", "ge", "philips", "canon", "uih")
        }

    def files_for(self, tool):
        """Studies of their own for every tool, so that no tool profits from what another one sent."""
        instances = []
        for style in self.studies:
            made = study(UNREGISTERED, style, date=f"2026030{1 + TOOLS.index(tool)}", slices=6)
            instances += made.instances
        type(self).sent += instances
        directory = self.folder(tool)
        support.write_instances(directory, instances)
        return directory, instances

    def check(self, tool, send):
        """`send(port, directory)` sends the files of a directory. Bytes must be the same at both receivers."""
        directory, instances = self.files_for(tool)
        oracle = StoreScp()
        self.addCleanup(oracle.close)
        send(oracle.port, directory)
        send(self.node.port, directory)
        wanted = {instance.sop_instance_uid for instance in instances}
        self.assertEqual(
            {received.sop_instance for received in oracle.received}, wanted, "the sender did not send everything"
        )
        blobs = self.blobs()
        kept = {file.sop_instance: file for file in blobs.values()}
        self.assertLessEqual(wanted, set(kept), "not every instance is in the blob store")
        for received in oracle.received:
            file = kept[received.sop_instance]
            self.assertEqual(file.sop_class, received.sop_class)
            if file.transfer_syntax == received.transfer_syntax:
                self.assertEqual(support.sha256(file.data_set), support.sha256(received.data_set))
            else:
                pixels = part10.top_level(file)[PIXEL_DATA]
                self.assertEqual(support.sha256(pixels), support.sha256(received.data_set[-len(pixels) :]))

    def sent_by(self, *arguments, environment=None):
        done = support.run_tool(*arguments, environment=environment)
        self.assertEqual(done.returncode, 0, done.stdout[-1000:] + done.stderr[-1000:])

    @with_peer("storescu", "C-STORE as SCU")
    def test_storescu(self):
        def send(port, directory):
            self.sent_by(
                "storescu",
                "-aet",
                CALLING_AE_TITLE,
                "-aec",
                AE_TITLE,
                "--scan-directories",
                LOOPBACK,
                str(port),
                directory,
            )

        self.check("storescu", send)

    @with_peer("dcmsend", "C-STORE as SCU")
    def test_dcmsend(self):
        def send(port, directory):
            self.sent_by(
                "dcmsend",
                "-aet",
                CALLING_AE_TITLE,
                "-aec",
                AE_TITLE,
                "--scan-directories",
                LOOPBACK,
                str(port),
                directory,
            )

        self.check("dcmsend", send)

    @with_peer("gdcmscu", "C-STORE as SCU")
    def test_gdcmscu(self):
        def send(port, directory):
            files = sorted(glob.glob(os.path.join(directory, "*.dcm")))
            # Debian 12's gdcmscu aborts itself once everything is sent, whoever receives: what arrived counts, not its exit code.
            support.run_tool(
                "gdcmscu", "--store", "--aetitle", CALLING_AE_TITLE, "--call", AE_TITLE, LOOPBACK, str(port), *files
            )

        self.check("gdcmscu", send)

    @with_peer("Orthanc", "C-STORE as SCU")
    def test_orthanc(self):
        directory, instances = self.files_for("orthanc")
        modalities = {"trialgate": (AE_TITLE, self.node.port)}
        with Orthanc(self.folder("orthanc-server"), CALLING_AE_TITLE, modalities) as orthanc:
            for path in sorted(glob.glob(os.path.join(directory, "*.dcm"))):
                with open(path, "rb") as file:
                    orthanc.request("POST", "/instances", file.read())
            answer = orthanc.request(
                "POST", "/modalities/trialgate/store", {"Resources": orthanc.instances(), "Synchronous": True}
            )
        self.assertEqual(answer["FailedInstancesCount"], 0)
        kept = {file.sop_instance: file for file in self.blobs().values()}
        for instance in instances:
            file = kept.get(instance.sop_instance_uid)
            self.assertIsNotNone(file, "an instance that Orthanc sent is not in the blob store")
            self.assertEqual(
                support.sha256(part10.top_level(file)[PIXEL_DATA]), support.sha256(instance.dataset["PixelData"])
            )

    @with_peer("echoscu", "C-ECHO as SCU")
    def test_echoscu(self):
        self.sent_by("echoscu", "-aet", CALLING_AE_TITLE, "-aec", AE_TITLE, LOOPBACK, str(self.node.port))


TOOLS = ["storescu", "dcmsend", "gdcmscu", "orthanc"]

if __name__ == "__main__":
    unittest.main(verbosity=2)
