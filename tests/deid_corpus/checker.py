"""Looks into de-identified files with pydicom and says which labels they do not meet. Knows nothing of how they were made.

What became of UIDs and patient IDs is learned from the pairs of source and output; it must be one-to-one over all of them.
"""

import datetime
import hashlib
import re
from collections import Counter
from typing import NamedTuple

import numpy
import pydicom
from pydicom.pixel_data_handlers.numpy_handler import get_pixeldata
from pydicom.pixel_data_handlers.rle_handler import get_pixeldata as get_rle_pixeldata

import glyphs
from labelled import PASS_WHEN_MISSING

_STEP = re.compile(r'<\((?:([0-9a-f]{4}),([0-9a-f]{4})|([0-9a-f]{4}),"([^"]+)",([0-9a-f]{2}))\)>(?:\[<(\d{4})>\])?')
_ENCODINGS = ("utf-8", "latin-1", "gb18030", "utf-16-le", "utf-16-be")
_RLE = "1.2.840.10008.1.2.5"
TOKENS = re.compile(r"[^\s,;/\\^=]+")


class Failure(NamedTuple):
    instance: str
    check: object
    found: str


class Result(NamedTuple):
    passed: Counter  # by category
    failed: Counter
    failures: list


def find(dataset, path):
    """The element at a path; None where one of its steps is not there."""
    element = None
    for group, number, private_group, creator, low, item in _STEP.findall(path):
        if private_group:
            try:
                element = dataset.private_block(int(private_group, 16), creator)[int(low, 16)]
            except KeyError:
                return None
        else:
            element = dataset.get((int(group, 16), int(number, 16)))
        if element is None:
            return None
        if item:
            value = element.value
            if element.VR == "UN" and isinstance(value, bytes):
                # A private sequence whose VR is implicit: pydicom leaves its bytes.
                value = pydicom.values.convert_SQ(value, True, True)
            if not isinstance(value, pydicom.Sequence) or int(item) >= len(value):
                return None
            dataset = value[int(item)]
    return element


def text_of(element):
    """The value as text, numbers as short as they are."""
    value = element.value
    if value is None:
        return ""
    if element.VR == "UN" and isinstance(value, bytes):
        return value.rstrip(b" \0").decode("latin-1")
    if isinstance(value, bytes):
        return value.decode("latin-1")
    values = value if isinstance(value, pydicom.multival.MultiValue | list) else [value]
    return "\\".join(f"{one:.10g}" if isinstance(one, float) else str(one) for one in values)


def _same(expected, found):
    """Equal as texts, or number by number."""
    wanted, given = expected.split("\\"), found.split("\\")
    if wanted == given:
        return True
    try:
        return len(wanted) == len(given) and all(abs(float(a) - float(b)) < 1e-5 for a, b in zip(wanted, given))
    except ValueError:
        return False


def _date(text):
    return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _frames(dataset):
    """Frames as arrays of rows, columns and samples."""
    raw = (get_rle_pixeldata if dataset.file_meta.TransferSyntaxUID == _RLE else get_pixeldata)(dataset)
    frames = int(dataset.get("NumberOfFrames") or 1)
    samples = dataset.SamplesPerPixel
    if dataset.file_meta.TransferSyntaxUID == _RLE and samples > 1:
        return raw.reshape(frames, samples, dataset.Rows, dataset.Columns).transpose(0, 2, 3, 1)
    return raw.reshape(frames, dataset.Rows, dataset.Columns, samples)


class Correspondence:
    """What became of a value, wherever it stood. One value must not become two, nor two become one."""

    def __init__(self):
        self._new, self._old = {}, {}

    def meet(self, old, new):
        """False when it contradicts what was met before."""
        return self._new.setdefault(old, new) == new and self._old.setdefault(new, old) == old


class Checker:
    """Checks the outputs of one run. `days`: offset of each subject, by the first date of theirs that is met."""

    def __init__(self):
        self._uids, self._patients, self._days = Correspondence(), Correspondence(), {}

    def check(self, pairs):
        """`pairs`: labelled instance and path of its output, or None."""
        passed, failed, failures = Counter(), Counter(), []
        for instance, path in pairs:
            for check, found in self.outcomes(instance, path):
                (passed if found is None else failed)[check.category] += 1
                if found is not None:
                    failures.append(Failure(instance.name, check, found))
        return Result(passed, failed, failures)

    def outcomes(self, instance, path):
        """Every check with None, or with what was found instead."""
        if path is None:
            for check in instance.checks:
                yield check, None if check.action in PASS_WHEN_MISSING else "no output"
            return
        with open(path, "rb") as file:
            raw = file.read()
        dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(raw), force=True)
        for check in instance.checks:
            yield check, self._outcome(check, instance, dataset, raw)

    def _outcome(self, check, instance, dataset, raw):
        if check.action.startswith("pixels_"):
            return getattr(self, "_" + check.action)(check.expected, dataset)
        if check.path == "":
            return self._whole_file(check.expected, raw)
        element = find(dataset, check.path)
        return getattr(self, "_" + check.action)(check.expected, element, instance)

    @staticmethod
    def _whole_file(tokens, raw):
        for token in tokens:
            for encoding in _ENCODINGS:
                try:
                    needle = token.encode(encoding)
                except UnicodeEncodeError:
                    continue
                if len(needle) >= 4 and needle in raw:
                    return f"{token} in {encoding}"
        return None

    @staticmethod
    def _tag_retained(_, element, instance):
        return "absent" if element is None else None

    @staticmethod
    def _text_notnull(_, element, instance):
        return "absent" if element is None else None if text_of(element) else "empty"

    @staticmethod
    def _text_removed(tokens, element, instance):
        if element is None:
            return None
        found = str(element) if element.VR == "SQ" else text_of(element)
        left = [token for token in tokens if token.casefold() in found.casefold()]
        return f"{left} left" if left else None

    @staticmethod
    def _text_retained(text, element, instance):
        if element is None:
            return "absent"
        found = text_of(element)
        if _same(text, found):
            return None
        there = Counter(TOKENS.findall(found))
        lost = Counter(TOKENS.findall(text)) - there
        return f"lost {sorted(lost)} in {found!r}" if lost else None

    @staticmethod
    def _date_shifted(original, element, instance):
        found = "" if element is None else text_of(element)
        return f"{found!r}" if original[:8] in found else None

    def _interval_kept(self, original, element, instance):
        found = "" if element is None else text_of(element)
        if not re.match(r"\d{8}", found) or found[8:] != original[8:]:
            return f"{found!r}"
        days = (_date(found) - _date(original)).days
        expected = self._days.setdefault(instance.subject.subject_id, days)
        return None if days == expected and days != 0 else f"moved by {days} days, others by {expected}"

    @staticmethod
    def _uid_changed(original, element, instance):
        return "unchanged" if element is not None and original in text_of(element) else None

    def _uid_consistent(self, original, element, instance):
        if element is None:
            return "absent"
        found = text_of(element)
        return None if found and self._uids.meet(original, found) else f"{found!r} is not what became of it elsewhere"

    def _patid_consistent(self, original, element, instance):
        found = "" if element is None else text_of(element)
        return None if found and self._patients.meet(original, found) else f"{found!r} is not what became of it elsewhere"

    @staticmethod
    def _pixels_hidden(box, dataset):
        for frame in _frames(dataset):
            grey = frame.astype(numpy.float64).sum(axis=2)
            seen = glyphs.read(grey, len(box.text), box.left, box.top)
            if any(letter == there for letter, there in zip(box.text, seen)):
                return f"{seen!r} can be read"
        return None

    @staticmethod
    def _pixels_retained(expected, dataset):
        digest, skipped_rows = expected
        frames = _frames(dataset)[:, skipped_rows:]
        same = hashlib.sha256(numpy.ascontiguousarray(frames).tobytes()).hexdigest() == digest
        return None if same else "other pixels"
