"""Writes DICOM Part 10 files (PS3.10) with the standard library alone.

A `Dataset` maps tags to values; sequences nest. Explicit and Implicit VR Little Endian are written. Nothing is validated:
tests need headers that break rules, too.
"""

import hashlib
import struct

from dicom_dictionary import ATTRIBUTES

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2.1"
MULTI_FRAME_GRAYSCALE_WORD_SC_STORAGE = "1.2.840.10008.5.1.4.1.1.7.3"

_LONG_FORM = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
_BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "AT": "HH"}
_SPACE_PADDED = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UR", "UT"}
_CODECS = {
    None: "ascii",
    "": "ascii",
    "ISO_IR 100": "latin-1",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}


def uid(*seed):
    """A UID of the UUID-derived root 2.25 (PS3.5 B.2) that depends on `seed` alone."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in seed).encode()).digest()
    return "2.25." + str(int.from_bytes(digest[:16], "big"))


class Dataset:
    """Elements by tag. `ds["Rows"] = 64` takes the VR from the dictionary; `ds.add(tag, vr, value)` takes any."""

    def __init__(self, **attributes):
        self._elements = {}
        for keyword, value in attributes.items():
            self[keyword] = value

    def __setitem__(self, keyword, value):
        tag, vr = ATTRIBUTES[keyword]
        self._elements[tag] = (vr, value)

    def __getitem__(self, keyword):
        return self._elements[ATTRIBUTES[keyword][0]][1]

    def __contains__(self, keyword):
        return ATTRIBUTES[keyword][0] in self._elements

    def get(self, keyword, default=None):
        element = self._elements.get(ATTRIBUTES[keyword][0])
        return default if element is None else element[1]

    def add(self, tag, vr, value):
        self._elements[tag] = (vr, value)

    def remove(self, keyword):
        self._elements.pop(ATTRIBUTES[keyword][0], None)

    def update(self, other):
        self._elements.update(other._elements)

    def copy(self):
        twin = Dataset()
        twin._elements = dict(self._elements)
        return twin

    def elements(self):
        """(tag, vr, value) in ascending order of tags."""
        return [(tag, *self._elements[tag]) for tag in sorted(self._elements)]


def private_block(dataset, group, creator, elements, block=0x10):
    """Adds a private block (PS3.5 7.8.1): the creator and `elements` = ((low byte of the element, vr, value), ...)."""
    dataset.add((group << 16) | block, "LO", creator)
    for low, vr, value in elements:
        dataset.add((group << 16) | (block << 8) | low, vr, value)


def _text(value):
    if isinstance(value, (list, tuple)):
        return "\\".join(_text(item) for item in value)
    if isinstance(value, float):
        return f"{value:.10g}"
    return "" if value is None else str(value)


def encode_value(vr, value, codec):
    """The value field of an element, padded to an even length (PS3.5 6.2)."""
    if isinstance(value, (bytes, bytearray)):
        raw, pad = bytes(value), b"\0"
    elif vr in _BINARY:
        items = value if isinstance(value, (list, tuple)) else () if value is None else (value,)
        if vr == "AT":
            raw = b"".join(struct.pack("<HH", item >> 16, item & 0xFFFF) for item in items)
        else:
            raw = struct.pack("<" + _BINARY[vr] * len(items), *items)
        pad = b"\0"
    else:
        raw = _text(value).encode(codec)
        pad = b" " if vr in _SPACE_PADDED else b"\0"
    return raw + pad if len(raw) % 2 else raw


def element_header(tag, vr, length, explicit=True):
    """Tag, VR and length of an element as they stand before its value (PS3.5 7.1)."""
    start = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if not explicit:
        return start + struct.pack("<I", length)
    if vr in _LONG_FORM:
        return start + vr.encode() + b"\0\0" + struct.pack("<I", length)
    return start + vr.encode() + struct.pack("<H", length)


def _sequence(items, explicit, codec, undefined_length):
    out = bytearray()
    for item in items:
        body = encode_dataset(item, explicit, codec, undefined_length)
        if undefined_length:
            out += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + body + struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
        else:
            out += struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body
    if undefined_length:
        out += struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return bytes(out)


def encode_dataset(dataset, explicit=True, codec=None, undefined_length=False):
    """The data set's bytes. `undefined_length`: sequences and items end with delimiters instead of carrying lengths."""
    if codec is None:
        charset = dataset.get("SpecificCharacterSet")
        codec = _CODECS[charset if not isinstance(charset, (list, tuple)) else charset[-1]]
    out = bytearray()
    for tag, vr, value in dataset.elements():
        if vr == "SQ":
            raw = _sequence(value, explicit, codec, undefined_length)
            length = 0xFFFFFFFF if undefined_length else len(raw)
        else:
            raw = encode_value(vr, value, codec)
            length = len(raw)
        out += element_header(tag, vr, length, explicit)
        out += raw
    return bytes(out)


def encode_meta(sop_class, sop_instance, transfer_syntax, source_ae_title="SYNTHETIC"):
    """Preamble, prefix and File Meta Information (PS3.10 7.1)."""
    group = bytearray()
    for tag, vr, value in (
        (0x00020001, "OB", b"\0\1"),
        (0x00020002, "UI", sop_class),
        (0x00020003, "UI", sop_instance),
        (0x00020010, "UI", transfer_syntax),
        (0x00020012, "UI", uid("trialgate", "synthetic studies")),
        (0x00020013, "SH", "SYNTHETIC_1"),
        (0x00020016, "AE", source_ae_title),
    ):
        raw = encode_value(vr, value, "ascii")
        group += element_header(tag, vr, len(raw)) + raw
    length = element_header(0x00020000, "UL", 4) + struct.pack("<I", len(group))
    return b"\0" * 128 + b"DICM" + length + bytes(group)


def encode_file(dataset, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN, undefined_length=False):
    """A whole Part 10 file."""
    explicit = transfer_syntax != IMPLICIT_VR_LITTLE_ENDIAN
    return encode_meta(dataset["SOPClassUID"], dataset["SOPInstanceUID"], transfer_syntax) + encode_dataset(
        dataset, explicit, undefined_length=undefined_length
    )


def write_file(path, dataset, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN, undefined_length=False):
    with open(path, "wb") as out:
        out.write(encode_file(dataset, transfer_syntax, undefined_length))


def write_large_file(path, dataset, frame, frames, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN):
    """Writes `dataset` (without Pixel Data) followed by `frames` copies of the bytes `frame`, never holding more than one."""
    with open(path, "wb") as out:
        out.write(encode_file(dataset, transfer_syntax))
        out.write(element_header(ATTRIBUTES["PixelData"][0], "OW", len(frame) * frames))
        for _ in range(frames):
            out.write(frame)
