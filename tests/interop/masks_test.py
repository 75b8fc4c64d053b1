"""Burned-in text is blanked by approved masks: real and synthetic files of every coding through `trialgate deidentify`.

Tools of others decode the input (dcmdjpeg, dcmdjpls, dcmdrle, gdcmconv, dcmconv). In the output the rectangle has one value in
every frame, and every other pixel is the decoded input's.
"""

import json
import os
import shutil
import struct
import subprocess
import tempfile
import unittest

import support  # noqa: F401  (paths of the tools)
import part10
from dicom_writer import EXPLICIT_VR_LITTLE_ENDIAN, Dataset, encode_file, uid
from dimse_peer import StoreScp
from node import DELIVERED, default_program
from processes import LOOPBACK
from sample_studies import of_the_charter, patient, study
from support import DATA, run_tool

PROGRAM = default_program()
PATIENT = "HOSP-77"
WIDTH, HEIGHT = 14, 9

TRIAL = """trial:
  protocol_id: ONC-301
  sponsor: Example Pharma
  charter: {version: "2.1"}
subjects: {register: subjects.csv}
time_points:
  reference: first_dose
  schedule:
    - {id: BL, days: [-28, 0]}
series:
  - id: any
    name: {en: Anything}
    select: {Rows: {min: 1}}
    required_at: all
deidentify:
  profile: basic
  options: [clean_pixel_data]
  pixels: {masks_file: masks.yaml}
"""

# File of the data folder, and the tool that decodes it.
REAL = (
    ("ct/CT_small.dcm", "dcmconv"),
    ("ct/ct_legacy_converted_mf.dcm", "dcmconv"),
    ("ct/tcga_lung_odd_DS_format.dcm", "dcmconv"),
    ("ct/enhanced_ct_CT0012_jpeg_extended_51_nobot.dcm", "dcmdjpeg"),
    ("ct/enhanced_ct_CT0012_jpeg_lossless_57_nobot.dcm", "gdcmconv"),
    ("ct/enhanced_ct_CT0012_jpegls_lossy_81_nobot.dcm", "dcmdjpls"),
    ("cr_dx_mg_xa/cr_6154.dcm", "dcmconv"),
    ("cr_dx_mg_xa/dx_dog_chest.dcm", "dcmconv"),
    ("cr_dx_mg_xa/xa_cine_8f_jpll.dcm", "gdcmconv"),
    ("mr/emri_small.dcm", "dcmconv"),
    ("mr/emri_small_RLE.dcm", "gdcmconv"),
    ("mr/emri_small_big_endian.dcm", "dcmconv"),
    ("sc/sc_burnedin_tag_yes.dcm", "gdcmconv"),
    ("sc/sc_rgb_j2k_gdcm_KY.dcm", "gdcmconv"),
    ("sc/sc_rgb_jls_lossy_line.dcm", "dcmdjpls"),
    ("sc/sc_rgb_jpeg_baseline.dcm", "dcmdjpeg"),
    ("sc/sc_rgb_jpll_gdcm.dcm", "gdcmconv"),
    ("sc/sc_rgb_rle_2frame.dcm", "dcmdrle"),
    ("syntax/MR_small_RLE.dcm", "dcmdrle"),
    ("syntax/MR_small_bigendian.dcm", "dcmconv"),
    ("syntax/MR_small_implicit.dcm", "dcmconv"),
    ("syntax/MR_small_jp2klossless.dcm", "gdcmconv"),
    ("syntax/MR_small_jpeg_ls_lossless.dcm", "dcmdjpls"),
    ("us/us_OBXXXX1A_rle_2frame.dcm", "dcmdrle"),
    ("us/us_epiq_jpll.dcm", "gdcmconv"),
    ("us/us_j2k_lossless.dcm", "gdcmconv"),
    ("us/us_rgb_bigendian_small.dcm", "dcmconv"),
    ("us/us_ybr_multiframe_jpeg_baseline.dcm", "dcmdjpeg"),
)
DECODE = {
    "dcmconv": ("dcmconv", "+te"),
    "dcmdjpeg": ("dcmdjpeg", "+te"),
    "dcmdjpls": ("dcmdjpls", "+te"),
    "dcmdrle": ("dcmdrle", "+te"),
    "gdcmconv": ("gdcmconv", "--raw"),
}
# Syntaxes that are made from the synthetic image, and what decodes them again.
ENCODE = (
    (("dcmcrle",), "dcmdrle"),
    (("dcmcjpeg", "+e1"), "dcmdjpeg"),
    (("dcmcjpeg", "+el"), "dcmdjpeg"),
    (("dcmcjpls", "+el"), "dcmdjpls"),
    (("dcmcjpls", "+en", "+md", "2"), "dcmdjpls"),
    (("gdcmconv", "--j2k"), "gdcmconv"),
    (("gdcmconv", "--j2k", "--lossy", "-q", "60"), "gdcmconv"),
)


class Image:
    """Pixels of an uncompressed little endian file: a list of frames, samples of a pixel side by side."""

    def __init__(self, path):
        file = part10.read(path)
        values = part10.top_level(file)
        number = lambda tag, default=0: int.from_bytes(values[tag], "little") if tag in values else default  # noqa: E731
        self.values = values
        self.syntax = file.transfer_syntax
        self.rows, self.columns = number(0x00280010), number(0x00280011)
        self.samples = number(0x00280002, 1)
        self.bytes = number(0x00280100) // 8
        self.interpretation = self.text(0x00280004)
        count = int(self.text(0x00280008) or "1")
        size = self.rows * self.columns * self.samples * self.bytes
        raw = values[0x7FE00010]
        assert len(raw) in (count * size, count * size + 1), f"{len(raw)} bytes for {count} frames of {size}"
        self.frames = [raw[at * size : (at + 1) * size] for at in range(count)]
        if self.samples > 1 and number(0x00280006) == 1:
            self.frames = [self._by_pixel(frame) for frame in self.frames]

    def text(self, tag):
        return self.values.get(tag, b"").rstrip(b"\0 ").decode("latin-1")

    def _by_pixel(self, frame):
        plane, out = len(frame) // self.samples, bytearray(len(frame))
        for sample in range(self.samples):
            out[sample :: self.samples] = frame[sample * plane : (sample + 1) * plane]
        return bytes(out)

    def rectangle(self):
        """In the middle, where real images show something."""
        return {"left": (self.columns - WIDTH) // 2, "top": (self.rows - HEIGHT) // 2, "width": WIDTH, "height": HEIGHT}

    def taken_apart(self):
        """The pixel values inside of the rectangle, as a set, and everything outside of it."""
        cell, rectangle = self.samples * self.bytes, self.rectangle()
        inside, outside = set(), []
        for frame in self.frames:
            left = rectangle["left"] * cell
            right = left + WIDTH * cell
            for row in range(self.rows):
                line = frame[row * self.columns * cell : (row + 1) * self.columns * cell]
                if 0 <= row - rectangle["top"] < HEIGHT:
                    inside.update(line[at : at + cell] for at in range(left, right, cell))
                    line = line[:left] + line[right:]
                outside.append(line)
        return inside, b"".join(outside)


def synthetic(name, sop_class, rows=40, columns=48, samples=1, bits=8, frames=1, **more):
    """An image whose pixels are all different enough, with an icon that shows the same text."""
    size = rows * columns * samples * frames
    step = bytes((at * 7 + at // 48 * 13 + 40) % 200 + 20 for at in range(size))
    pixels = step if bits == 8 else b"".join(bytes((value, value % 8)) for value in step)
    icon = Dataset(SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", Rows=8, Columns=8, BitsAllocated=8, BitsStored=8,
                   HighBit=7, PixelRepresentation=0)
    icon.add(0x7FE00010, "OB", b"ICON-CANARY-ICON" * 4)
    image = Dataset(
        ImageType=["ORIGINAL", "PRIMARY"], SOPClassUID=sop_class, SOPInstanceUID=uid("masks", name), Modality="US",
        StudyInstanceUID=uid("masks", "study"), SeriesInstanceUID=uid("masks", name, "series"), StudyID="1", SeriesNumber=1,
        PatientName="Miller^Johanna", PatientID=PATIENT, Manufacturer="Mask Tests", ManufacturerModelName=name,
        InstanceNumber=1, SamplesPerPixel=samples, PhotometricInterpretation="RGB" if samples == 3 else "MONOCHROME2",
        Rows=rows, Columns=columns, BitsAllocated=bits, BitsStored=8 if bits == 8 else 12, HighBit=7 if bits == 8 else 11,
        PixelRepresentation=0)
    if frames > 1:
        image["NumberOfFrames"] = frames
        image.add(0x00181063, "DS", "40")
        image.add(0x00280009, "AT", (0x0018, 0x1063))
    if samples == 3:
        image.add(0x00280006, "US", 0)
    image.add(0x00880200, "SQ", [icon])
    for tag, (vr, value) in more.items():
        image.add(int(tag[1:], 16), vr, value)
    image.add(0x7FE00010, "OB" if bits == 8 else "OW", pixels)
    return encode_file(image, EXPLICIT_VR_LITTLE_ENDIAN)


def segment(marker, content):
    return marker + struct.pack(">H", len(content) + 2) + content


def box(kind, content):
    return struct.pack(">I", len(content) + 8) + kind + content


TOLD = b"Scanned for CANARY^JOHANNA"


def with_told_frame(raw):
    """The bytes of a file of one frame, whose coded frame tells more than its pixels."""
    item = raw.rindex(b"\xfe\xff\x00\xe0", 0, raw.rindex(b"\xfe\xff\xdd\xe0"))
    length = struct.unpack_from("<I", raw, item + 4)[0]
    frame, rest = raw[item + 8 : item + 8 + length], raw[item + 8 + length :]
    if frame.startswith(b"\xff\xd8"):
        frame = frame[:2] + segment(b"\xff\xe1", b"Exif\0\0" + TOLD) + segment(b"\xff\xfe", TOLD) + frame[2:]
    else:
        siz_end = 4 + struct.unpack_from(">H", frame, 4)[0]
        frame = frame[:siz_end] + segment(b"\xff\x64", b"\0\1" + TOLD) + frame[siz_end:]
        rows, columns = struct.unpack_from(">II", frame, 8)
        header = box(b"ihdr", struct.pack(">IIHBBBB", rows, columns, 1, 7, 7, 0, 0)) + box(b"colr", b"\1\0\0\0\0\0\x11")
        frame = (box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + box(b"jp2h", header)
                 + box(b"uuid", b"0123456789abcdef" + TOLD) + box(b"xml ", TOLD) + box(b"jp2c", frame))
    frame += b"\0" * (len(frame) % 2)
    return raw[: item + 4] + struct.pack("<I", len(frame)) + frame + rest


US, US_MF, SC, CT = (f"1.2.840.10008.5.1.4.1.1.{arc}" for arc in ("6.1", "3.1", "7", "2"))


class MasksTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="trialgate-masks-")
        cls.inputs = os.path.join(cls.directory, "in")
        cls.output = os.path.join(cls.directory, "out")
        cls.masks, cls.references, cls.problems = [], {}, []
        os.makedirs(cls.inputs)
        for number, (name, decoder) in enumerate(REAL):
            cls._add_real(f"real-{number}", os.path.join(DATA, name), decoder)
        for name, options in (("us-grey", {"sop_class": US}), ("us-rgb", {"sop_class": US, "samples": 3}),
                              ("us-cine", {"sop_class": US_MF, "samples": 3, "frames": 3}),
                              ("sc-12-bit", {"sop_class": SC, "bits": 16})):
            cls._add_synthetic(name, options)
        cls._add_held()
        cls._add_told()
        cls._write(os.path.join(cls.directory, "masks.yaml"), json.dumps(cls.masks))
        cls._write(os.path.join(cls.directory, "trial.yaml"), TRIAL)
        cls._write(os.path.join(cls.directory, "subjects.csv"),
                   f"site,patient_id,subject_id,first_dose\nSITE01,{PATIENT},ONC-301-007,2026-07-15\n")
        cls._write(os.path.join(cls.directory, "key"), "k" * 32)
        os.chmod(os.path.join(cls.directory, "key"), 0o600)
        cls.run_ = run_tool(PROGRAM, "deidentify", "--json", "--trial", os.path.join(cls.directory, "trial.yaml"),
                            "--key-file", os.path.join(cls.directory, "key"), cls.inputs, cls.output)
        if not cls.run_.stdout.startswith("{"):
            raise AssertionError(cls.run_.stderr + cls.run_.stdout)
        cls.answer = json.loads(cls.run_.stdout)
        cls.written = {os.path.basename(each["source"]): each["file"] for each in cls.answer["written"]}
        cls.refused = {os.path.basename(each["source"]): each["reason"] for each in cls.answer["refused"]}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def masked(self):
        return ((name, self.written[name]) for name in self.references)

    @staticmethod
    def _write(path, text):
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)

    @classmethod
    def _approve(cls, model, image, sop_class):
        cls.masks.append({
            "id": model, "manufacturer": "Mask Tests", "model": model, "sop_class": sop_class, "rows": image.rows,
            "columns": image.columns, "blank": [image.rectangle()], "approved": {"by": "A. Tester", "on": "2026-05-04"}})

    @classmethod
    def _decode(cls, tool, path):
        target = os.path.join(cls.directory, "decoded-" + os.path.basename(path))
        done = run_tool(*DECODE[tool], path, target)
        if done.returncode != 0:
            raise AssertionError(f"{tool} {path}: {done.stderr}")
        return target

    @classmethod
    def _add_real(cls, model, source, decoder):
        path = os.path.join(cls.inputs, model + ".dcm")
        shutil.copyfile(source, path)
        values = {"0010,0020": PATIENT, "0008,0070": "Mask Tests", "0008,1090": model, "0008,0018": uid(model),
                  "0020,000d": uid("masks", "study"), "0020,000e": uid(model, "series")}
        changes = [part for tag, value in values.items() for part in ("-i", f"({tag})={value}")]
        done = run_tool("dcmodify", "-nb", "-ie", *changes, path)
        if done.returncode != 0:
            raise AssertionError(f"dcmodify {source}: {done.stderr}")
        cls._add(model, path, decoder)

    @classmethod
    def _add(cls, model, path, decoder):
        cls.references[os.path.basename(path)] = reference = cls._decode(decoder, path)
        cls._approve(model, Image(reference), part10.read(path).sop_class)

    @classmethod
    def _add_synthetic(cls, name, options):
        plain = os.path.join(cls.inputs, name + ".dcm")
        with open(plain, "wb") as out:
            out.write(synthetic(name, **options))
        cls._add(name, plain, "dcmconv")
        for number, (encoder, decoder) in enumerate(ENCODE):
            model = f"{name}-{number}"
            source = os.path.join(cls.directory, model + ".dcm")
            with open(source, "wb") as out:
                out.write(synthetic(model, **options))
            coded = os.path.join(cls.inputs, model + ".dcm")
            done = run_tool(*encoder, source, coded)
            if done.returncode != 0:
                raise AssertionError(f"{encoder} {name}: {done.stderr}")
            cls._add(model, coded, decoder)

    @classmethod
    def _add_held(cls):
        """Files that must not come out: no mask, another size than the mask's, and frames that cannot be decoded."""
        for name, model, options in (("no-mask", "unknown", {}), ("wrong-size", "us-grey", {"rows": 41})):
            with open(os.path.join(cls.inputs, name + ".dcm"), "wb") as out:
                out.write(synthetic(name, US, _00081090=("LO", model), **options))
        for number in (0, 1, 3, 5):
            name = f"broken-{number}"
            with open(os.path.join(cls.inputs, f"us-grey-{number}.dcm"), "rb") as file:
                raw = bytearray(file.read())
            end = raw.rindex(b"\xfe\xff\xdd\xe0")
            start = raw.rindex(b"\xfe\xff\x00\xe0", 0, end) + 8
            # Past the headers, so that the decoder begins. 0x80 is nothing in RLE, 0xFF90 no coded data in the others.
            begin = start + (end - start) // 3
            raw[begin:end] = (b"\x80" * (end - begin)) if number == 0 else (b"\xff\x90" * (end - begin))[: end - begin]
            own, other = uid("masks", f"us-grey-{number}"), uid("masks", name)
            with open(os.path.join(cls.inputs, name + ".dcm"), "wb") as out:
                out.write(raw.replace(own.encode(), other[: len(own)].ljust(len(own), "1").encode()))

    @classmethod
    def _add_told(cls):
        """CT slices without a sign of text, but with text beside their pixels."""
        cls.told = {}
        for number, (encoder, decoder) in enumerate(ENCODE[1:], 1):
            name = f"told-{number}"
            plain, coded = (os.path.join(cls.directory, f"{name}-{what}.dcm") for what in ("plain", "coded"))
            with open(plain, "wb") as out:
                out.write(synthetic(name, CT, bits=16, _00080060=("CS", "CT")))
            done = run_tool(*encoder, plain, coded)
            if done.returncode != 0:
                raise AssertionError(f"{encoder}: {done.stderr}")
            with open(coded, "rb") as file:
                raw = with_told_frame(file.read())
            with open(os.path.join(cls.inputs, name + ".dcm"), "wb") as out:
                out.write(raw)
            cls.told[name + ".dcm"] = cls._decode(decoder, coded), decoder

    def test_every_file_comes_out_that_should(self):
        self.assertEqual({name for name in self.refused if name in self.references or name in self.told}, set())
        self.assertEqual(set(self.written) - {name for name in self.written if name.startswith("broken")},
                         set(self.references) | set(self.told))

    def test_no_mask_and_another_size_are_held(self):
        self.assertIn("no mask is approved", self.refused.get("no-mask.dcm", ""))
        self.assertIn("not for this size", self.refused.get("wrong-size.dcm", ""))

    def test_frames_that_cannot_be_decoded_are_held(self):
        for name in ("broken-0.dcm", "broken-1.dcm", "broken-3.dcm", "broken-5.dcm"):
            with self.subTest(name):
                self.assertNotIn(name, self.written)
                self.assertIn("frame", self.refused.get(name, ""))

    def test_text_beside_the_pixels_goes_and_the_pixels_stay(self):
        for name, (reference, decoder) in self.told.items():
            with self.subTest(name):
                output = self.written[name]
                with open(output, "rb") as file:
                    self.assertNotIn(b"CANARY", file.read())
                self.assertEqual(part10.read(output).transfer_syntax,
                                 part10.read(os.path.join(self.inputs, name)).transfer_syntax)
                image = Image(self._decode(decoder, output))
                self.assertTrue(image.frames == Image(reference).frames, "a pixel has changed")
                self.assertNotEqual(image.text(0x00280301), "NO")

    def test_rectangles_are_blank_and_nothing_else_has_changed(self):
        for name, reference in self.references.items():
            with self.subTest(name):
                output = self.written[name]
                if part10.read(output).transfer_syntax == "1.2.840.10008.1.2.2":
                    output = self._decode("dcmconv", output)
                before, after = Image(reference), Image(output)
                for member in ("rows", "columns", "samples", "bytes"):
                    self.assertEqual(getattr(after, member), getattr(before, member))
                self.assertEqual(len(after.frames), len(before.frames))
                inside, outside = after.taken_apart()
                self.assertEqual(len(inside), 1)
                self.assertGreater(len(before.taken_apart()[0] | inside), 1, "the rectangle was blank before")
                self.assertTrue(outside == before.taken_apart()[1], "a pixel outside of the mask has changed")
                self.assertEqual(after.interpretation, before.interpretation)

    def test_what_was_done_is_said(self):
        for name, output in self.masked():
            with self.subTest(name):
                if part10.read(output).transfer_syntax == "1.2.840.10008.1.2.2":
                    output = self._decode("dcmconv", output)
                image = Image(output)
                self.assertEqual(image.text(0x00280301), "NO")
                self.assertIn("blanked", image.text(0x00082111))
                self.assertFalse(image.text(0x00080008).startswith("ORIGINAL") and 0x52009229 not in image.values
                                 and not name.startswith("real"), "still said to be original")
                self.assertNotIn(0x00280106, image.values)
                with open(output, "rb") as file:
                    raw = file.read()
                self.assertIn(b"113101", raw)
                self.assertNotIn(b"ICON-CANARY", raw)
                source = Image(self.references[name])
                lossy = source.text(0x00282110) == "01" or name.endswith(("-4.dcm", "-6.dcm")) and not name.startswith("real")
                self.assertEqual(image.text(0x00282110) == "01", lossy)
        report = json.dumps(self.answer["report"])
        self.assertIn("mask us-rgb, approved by A. Tester on 2026-05-04", report)

    def test_the_validator_finds_nothing_that_the_input_had_not(self):
        def errors(path):
            found = subprocess.run(["dciodvfy", path], capture_output=True, text=True, errors="replace", timeout=60)
            return {line.split(" - ", 1)[-1] for line in found.stderr.splitlines() if line.startswith("Error")}

        for name, output in self.masked():
            with self.subTest(name):
                self.assertEqual(errors(output) - errors(self.references[name]), set())


class MaskedDelivery(support.NodeTestCase):
    """Through the node: what the archive gets is masked, and the store keeps what came."""

    settings = {"quiet_seconds": 1}

    @classmethod
    def before_node(cls):
        cls.archive = StoreScp()
        cls.addClassCleanup(cls.archive.close)
        cls.destinations = [{"name": "irc-archive", "ae_title": "ARCHIVE", "host": LOOPBACK, "port": cls.archive.port}]
        cls.made = study(patient(1), seed="masks", slices=22)
        image = cls.values_of(of_the_charter(cls.made.instances)[0].encode())
        mask = {"id": "ct", "manufacturer": image["manufacturer"], "model": image["model"], "sop_class": CT,
                "rows": image["rows"], "columns": image["columns"], "approved": {"by": "A. Tester", "on": "2026-05-04"},
                "blank": [{"left": 0, "top": 0, "width": image["columns"], "height": 10}]}
        folder = os.path.join(cls.directory, "trial")
        shutil.copytree(os.path.dirname(support.TRIAL), folder)
        cls.trials = (os.path.join(folder, os.path.basename(support.TRIAL)),)
        with open(cls.trials[0], encoding="utf-8") as file:
            text = file.read().replace("  options: [", "  pixels: {masks: [" + json.dumps(mask) + "]}\n  options: [clean_pixel_data, ")
        with open(cls.trials[0], "w", encoding="utf-8") as file:
            file.write(text)

    @staticmethod
    def values_of(raw):
        values = part10.top_level(part10.split(raw))
        number = lambda tag: int.from_bytes(values[tag], "little")  # noqa: E731
        text = lambda tag: values[tag].rstrip(b" \0").decode("ascii")  # noqa: E731
        return {"manufacturer": text(0x00080070), "model": text(0x00081090), "rows": number(0x00280010),
                "columns": number(0x00280011), "bytes": number(0x00280100) // 8, "pixels": values[0x7FE00010]}

    def test_masked_pixels_arrive(self):
        self.send(self.made.instances)
        self.assertIsNotNone(self.node.wait_for_state(self.made.plan.study_uid, DELIVERED, 60), self.node.log()[-2000:])
        sources = [self.values_of(one.encode()) for one in of_the_charter(self.made.instances)]
        self.assertEqual(len(self.archive.received), len(sources))
        expected = []
        for source in sources:
            masked = 10 * source["columns"] * source["bytes"]
            expected.append(support.sha256(source["pixels"][masked:]))
        arrived = []
        for one in self.archive.received:
            values = part10.top_level(part10.Part10("", "", one.transfer_syntax, one.data_set))
            pixels = values[0x7FE00010]
            self.assertEqual(len(set(pixels[at : at + 2] for at in range(0, masked, 2))), 1)
            self.assertEqual(values[0x00280301].strip(), b"NO")
            arrived.append(support.sha256(pixels[masked:]))
        self.assertEqual(sorted(arrived), sorted(expected))
        kept = self.blobs()
        for one in self.made.instances:
            self.assertIn(support.sha256(part10.split(one.encode()).data_set), kept)
        self.assertEqual(self.node.run("verify-store").returncode, 0)


if __name__ == "__main__":
    unittest.main()
