"""Real files of many scanners, transfer syntaxes and mistakes: valid ones are kept bit for bit, broken ones harm nothing."""

import glob
import os
import unittest

import support
from dicom_writer import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, uid
from dimse_peer import Aborted, Closed, NotAccepted, store_contexts
from processes import wait_until

import identifiers
import part10

DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
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


# Patient's Name, ID, Birth Date, Other IDs, Referring Physician's Name, Accession Number
IDENTIFYING = (0x00100010, 0x00100020, 0x00100030, 0x00101000, 0x00080090, 0x00080050)


def identifying_values(file):
    """{bytes: tag} of the identifying values at the top level of a Little Endian data set, components of names also alone."""
    if file.transfer_syntax in (DEFLATED, EXPLICIT_VR_BIG_ENDIAN):
        return {}
    elements, found = part10.top_level(file), {}
    for tag in IDENTIFYING:
        value = elements.get(tag, b"").strip(b"\0 ")
        for part in [value] + value.replace(b"=", b"^").split(b"^"):
            if len(part) >= identifiers.SHORTEST_SEARCHED:
                found[part] = f"{tag:08x}"
    return found


class RealFiles(support.NodeTestCase):
    """All files under the default configuration, but for a log that says everything it can."""

    settings = {"log": {"level": "debug"}}
    acknowledged = set()  # (SOP Instance UID, hash) of what the node of this class said success to

    def store(self, file):
        self.log_must_not_hold.update(identifying_values(file))
        with self.associate(store_contexts([file])) as association:
            status = association.store(file.sop_class, file.sop_instance, file.transfer_syntax, file.data_set)[0]
        if status == SUCCESS:
            self.acknowledged.add((file.sop_instance, support.sha256(file.data_set)))
        return status

    def assert_at_rest(self):
        """Every instance is in a study and every study is judged: none of these patients is registered, so that all are
        quarantined."""

        def judged():
            rows = self.node.studies()
            # An instance that is not yet examined belongs to no study.
            joined = sum(row["instances"] for row in rows)
            return joined == len(self.acknowledged) and all(row["state"] not in ("receiving", "examined") for row in rows)

        self.assertTrue(wait_until(judged, 120, 0.5), "the node did not come to rest")
        self.assertEqual({row["state"] for row in self.node.studies()}, {"quarantined"})

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
        self.assertGreater(len(self.log_must_not_hold), 50)
        self.assert_at_rest()

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
        self.assert_at_rest()
        self.assertEqual(self.echo(), SUCCESS)


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
