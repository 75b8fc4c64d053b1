"""Data sets that are labelled while they are filled: whoever puts a value in says what has to be found in the output.

Labels are the check actions of the MIDI-B benchmark (arXiv 2507.23608), and `interval_kept`, our own. Paths are written as there:
`<(0008,1140)>[<0000>]<(0008,1155)>`, private elements as `<(0019,"CREATOR",92)>`; the empty path is the whole file.
"""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from pydicom.datadict import dictionary_VR, tag_for_keyword

from dicom_writer import Dataset, encode_dataset, encode_meta, private_block

CATEGORIES = {
    "text_removed": "removal",
    "date_shifted": "dates",
    "interval_kept": "intervals between dates",
    "uid_changed": "UIDs",
    "uid_consistent": "UIDs",
    "patid_consistent": "identity",
    "tag_retained": "IOD",
    "text_notnull": "IOD",
    "text_retained": "retained text",
    "pixels_hidden": "burned-in text",
    "pixels_retained": "retained pixels",
}
# What holds of an instance that did not come out at all.
PASS_WHEN_MISSING = ("text_removed", "date_shifted", "uid_changed", "pixels_hidden")
PRIVATE, DESCRIPTION, MARKER = "safe private", "retained descriptions", "markers"


class Check(NamedTuple):
    """What `action` has to find at `path`. `expected`: text, a tuple of tokens, a UID, a digest, by action."""

    action: str
    path: str
    expected: object
    category: str


class BurnedIn(NamedTuple):
    """Text in pixels: one line of glyphs whose left upper corner is at (left, top)."""

    text: str
    left: int
    top: int
    width: int
    height: int


def label(action, expected=None, category=None):
    return action, expected, category or CATEGORIES[action]


def removed(*tokens):
    return label("text_removed", tuple(tokens))


def retained(text, category=None):
    return label("text_retained", text, category)


def tag_path(tag):
    return f"<({tag >> 16:04x},{tag & 0xFFFF:04x})>"


def private_path(group, creator, low):
    return f'<({group:04x},"{creator}",{low:02x})>'


class Level:
    """A data set or an item of a sequence, and where its labels go."""

    def __init__(self, checks, path="", dataset=None):
        self.dataset = Dataset() if dataset is None else dataset
        self.checks, self._path, self._sequences = checks, path, {}

    def put(self, keyword, value, *labels):
        tag = tag_for_keyword(keyword)
        vr = dictionary_VR(tag)
        self.dataset.add(tag, "US" if vr == "US or SS" else "OW" if vr.startswith("OB or") else vr, value)
        self._label(tag_path(tag), labels)

    def keep(self, keyword, value, category=None):
        """An attribute that nobody is named in: it has to stay."""
        text = "\\".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        self.put(keyword, value, retained(text, category))

    def date(self, keyword, value):
        """A DA or DT without an offset from UTC."""
        self.put(keyword, value, label("date_shifted", value), label("interval_kept", value))

    def uid(self, keyword, value):
        self.put(keyword, value, label("uid_changed", value), label("uid_consistent", value))

    def description(self, keyword, text, planted, tokens):
        """Text about the examination with somebody in it. `planted` goes behind `text`."""
        labels = [retained(text, DESCRIPTION)] if text else []
        self.put(keyword, f"{text} {planted}".strip(), *labels, *([removed(*tokens)] if tokens else []))

    def private(self, group, creator, low, vr, value, *labels, block=0x10):
        private_block(self.dataset, group, creator, ((low, vr, value),), block)
        self._label(private_path(group, creator, low), labels)

    def safe(self, group, creator, low, vr, value, block=0x10):
        """An element of PS3.15 Table E.3.10-1."""
        items = value if isinstance(value, tuple) else (value,)
        expected = "\\".join(f"{item:.10g}" if isinstance(item, float) else str(item) for item in items)
        self.private(group, creator, low, vr, value, retained(expected, PRIVATE), block=block)

    def whole(self, *labels):
        """Of the whole file."""
        self.checks.extend(Check(action, "", expected, category) for action, expected, category in labels)

    def item(self, keyword):
        """A new item of a sequence."""
        tag = tag_for_keyword(keyword)
        return self._new_item(tag, tag_path(tag))

    def private_item(self, group, creator, low, block=0x10):
        self.dataset.add(group << 16 | block, "LO", creator)
        return self._new_item(group << 16 | block << 8 | low, private_path(group, creator, low))

    def code(self, keyword, value, scheme, meaning):
        item = self.item(keyword)
        for name, text in (("CodeValue", value), ("CodingSchemeDesignator", scheme), ("CodeMeaning", meaning)):
            item.keep(name, text)
        return item

    def _new_item(self, tag, path):
        items = self._sequences.setdefault(tag, [])
        self.dataset.add(tag, "SQ", items)
        level = Level(self.checks, f"{self._path}{path}[<{len(items):04d}>]")
        items.append(level.dataset)
        return level

    def _label(self, path, labels):
        self.checks.extend(Check(action, self._path + path, expected, category) for action, expected, category in labels)


_CODECS = {"": "ascii", "ISO_IR 100": "latin-1", "ISO_IR 192": "utf-8", "GB18030": "gb18030", "GBK": "gbk",
           "\\ISO 2022 IR 87": "iso2022_jp"}


@dataclass
class Instance:
    """One labelled instance. `vetted`: somebody may vouch for its pixels; others must not come out at all."""

    name: str
    kind: str
    subject: object
    transfer_syntax: str
    top: Level
    vetted: bool = True
    coded_frames: list = field(default_factory=list)

    @property
    def checks(self):
        return self.top.checks

    def encoded(self):
        dataset = self.top.dataset
        explicit = self.transfer_syntax != "1.2.840.10008.1.2"
        uids = dataset["SOPClassUID"], dataset["SOPInstanceUID"], self.transfer_syntax
        meta = encode_meta(*uids, source_ae_title=self.subject.ae_title)
        preamble = self.subject.family.encode("utf-8")[:32].ljust(128, b"\0")
        codec = _CODECS[dataset.get("SpecificCharacterSet") or ""]
        return preamble + meta[128:] + encode_dataset(dataset, explicit, codec) + self._encapsulated()

    def _encapsulated(self):
        """The frames as fragments (PS3.5 A.4), behind all other elements."""
        if not self.coded_frames:
            return b""
        items = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(frame)) + frame for frame in (b"", *self.coded_frames))
        header = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
        return header + items + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
