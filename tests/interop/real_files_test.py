"""Real files of many scanners, transfer syntaxes and mistakes: valid ones are kept bit for bit, broken ones harm nothing."""

import glob
import os
import unittest

import support
from dicom_writer import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, uid
from dimse_peer import Aborted, Closed, NotAccepted, store_contexts
from processes import wait_until

import part10

DEFLATED = "1.2.840.10008.1.2.1.99"
MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
SUCCESS = 0x0000


def files():
    """(path, Part10) of every file that has a complete meta group and is a storage SOP instance."""
    for row in support.manifest():
        path = os.path.join(support.DATA, row["path"])
        try:
            file = part10.read(path)
        except part10.NotPart10:
            continue
        if file.sop_class != MEDIA_STORAGE_DIRECTORY:
            yield row["path"], file


@unittest.skipUnless(os.path.isdir(support.DATA), f"no real files at {support.DATA}")
class RealFiles(support.NodeTestCase):
    """All files under the default configuration."""

    def store(self, file):
        with self.associate(store_contexts([file])) as association:
            return association.store(file.sop_class, file.sop_instance, file.transfer_syntax, file.data_set)[0]

    def test_valid_files_are_kept_bit_for_bit(self):
        valid = [
            (path, file)
            for path, file in files()
            if not path.startswith("malformed/") and file.transfer_syntax != DEFLATED
        ]
        self.assertGreater(len(valid), 150)
        for path, file in valid:
            with self.subTest(path):
                self.assertEqual(self.store(file), SUCCESS)
        blobs = self.blobs()
        for path, file in valid:
            with self.subTest(path):
                self.assert_kept(file, blobs)

    def test_broken_data_sets_are_kept_too(self):
        broken = [(path, file) for path, file in files() if path.startswith("malformed/")]
        self.assertGreater(len(broken), 9)
        for path, file in broken:
            with self.subTest(path):
                self.assertEqual(self.store(file), SUCCESS)
        blobs = self.blobs()
        for path, file in broken:
            with self.subTest(path):
                self.assert_kept(file, blobs)
        self.assertEqual(self.echo(), SUCCESS)

    def test_what_is_no_dicom_at_all_harms_nothing(self):
        for path in sorted(glob.glob(os.path.join(support.DATA, "malformed", "*"))):
            with open(path, "rb") as source:
                raw = source.read()
            file = part10.Part10(
                CT_IMAGE_STORAGE, uid("no DICOM", os.path.basename(path)), EXPLICIT_VR_LITTLE_ENDIAN, raw
            )
            with self.subTest(os.path.basename(path)):
                try:
                    status = self.store(file)
                except (Aborted, Closed):
                    status = None
                if status == SUCCESS:
                    self.assert_kept(file, self.blobs())
        self.assertEqual(self.echo(), SUCCESS)

    def test_deflated_is_not_accepted_unless_configured(self):
        deflated = [file for _, file in files() if file.transfer_syntax == DEFLATED]
        for file in deflated:
            with self.assertRaises(NotAccepted):
                self.store(file)

    def test_ten_thousand_nested_sequences_do_not_kill_it(self):
        opening = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
        file = part10.Part10(CT_IMAGE_STORAGE, uid("nested"), EXPLICIT_VR_LITTLE_ENDIAN, opening * 10000)
        self.assertEqual(self.store(file), SUCCESS)
        self.assert_kept(file, self.blobs())

        def examined():
            rows = self.node.studies()
            return rows and all(row["state"] != "receiving" for row in rows)

        self.assertTrue(wait_until(examined, 120, 0.5), "the node did not come to rest")
        self.assertFalse([row for row in self.node.studies() if row["state"] not in ("quarantined", "withdrawn")])
        self.assertEqual(self.echo(), SUCCESS)


@unittest.skipUnless(os.path.isdir(support.DATA), f"no real files at {support.DATA}")
class Deflated(support.NodeTestCase):
    """Deflated data sets where the operator allows them."""

    settings = {"accept_deflated": True}

    def test_deflated_files_are_kept_bit_for_bit(self):
        for path, file in files():
            if file.transfer_syntax == DEFLATED:
                with self.associate(store_contexts([file])) as association:
                    self.assertEqual(
                        association.store(file.sop_class, file.sop_instance, DEFLATED, file.data_set)[0], SUCCESS, path
                    )
                self.assert_kept(file, self.blobs())


if __name__ == "__main__":
    unittest.main(verbosity=2)
