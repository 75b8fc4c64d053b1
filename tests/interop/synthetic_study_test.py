"""The synthetic studies themselves: valid CT images, the same bytes every time, defects where their labels say."""

import tempfile
import unittest

import support
from scanner_styles import STYLES
from synthetic_study import (
    GEOMETRY_DEFECTS,
    HEADER_DEFECTS,
    Defect,
    Patient,
    SeriesPlan,
    StudyPlan,
    synthesise,
    with_other_bytes,
)

import part10


def digests(study):
    return [support.sha256(instance.encode()) for instance in study.instances]


def plan(style="siemens", **series):
    patient = Patient("SYNTHETIC^PATIENT", "TG-DEMO-0001")
    return StudyPlan(
        patient,
        STYLES[style],
        "20260220",
        accession_number="SYN00000001",
        series=(SeriesPlan(number=1, kind="localizer", slices=1, contrast=False), SeriesPlan(number=2, **series)),
    )


class SyntheticStudy(unittest.TestCase):
    def test_clean_studies_are_valid_ct_images(self):
        for style in STYLES:
            with self.subTest(style), tempfile.TemporaryDirectory() as directory:
                for path in support.write_instances(directory, synthesise(plan(style, slices=3)).instances):
                    said = support.run_tool("dciodvfy", path)
                    errors = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]
                    self.assertEqual(errors, [])

    def test_another_reader_understands_every_file(self):
        for style in STYLES:
            with self.subTest(style), tempfile.TemporaryDirectory() as directory:
                paths = support.write_instances(directory, synthesise(plan(style, slices=2)).instances)
                self.assertEqual(support.run_tool("dcmdump", "--quiet", "--print-short", *paths).stderr, "")

    def test_the_same_plan_gives_the_same_bytes(self):
        self.assertEqual(digests(synthesise(plan())), digests(synthesise(plan())))

    def test_every_defect_changes_the_series_and_is_labelled(self):
        clean = digests(synthesise(plan()))
        for kind in (*GEOMETRY_DEFECTS, *HEADER_DEFECTS):
            with self.subTest(kind):
                study = synthesise(plan(defects=(Defect(kind, 2),)))
                self.assertNotEqual(digests(study), clean)
                self.assertEqual(study.labels[2], (kind,))

    def test_an_unknown_defect_is_refused(self):
        with self.assertRaises(ValueError):
            synthesise(plan(defects=(Defect("fuzzy"),)))

    def test_other_bytes_keep_the_uid(self):
        instance = synthesise(plan()).instances[3]
        twin = with_other_bytes(instance)
        one, other = part10.split(instance.encode()), part10.split(twin.encode())
        self.assertEqual(one.sop_instance, other.sop_instance)
        self.assertNotEqual(support.sha256(one.data_set), support.sha256(other.data_set))
        self.assertEqual(len(one.data_set), len(other.data_set))

    def test_pixels_are_written_as_they_were_made(self):
        for style in STYLES:
            instance = synthesise(plan(style, slices=1)).instances[1]
            file = part10.split(instance.encode())
            self.assertEqual(
                support.sha256(part10.top_level(file)[0x7FE00010]), support.sha256(instance.dataset["PixelData"])
            )
            self.assertEqual(len(instance.dataset["PixelData"]), 2 * 128 * 128)


if __name__ == "__main__":
    unittest.main(verbosity=2)
