"""Reads just enough of a DICOM Part 10 file (PS3.10) to compare and to send it: the meta group and where the data set starts."""

import struct
from dataclasses import dataclass

_LONG_FORM = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}


@dataclass(frozen=True)
class Part10:
    """A file taken apart. `data_set` is what a C-STORE carries: the bytes after the File Meta Information."""

    sop_class: str
    sop_instance: str
    transfer_syntax: str
    data_set: bytes


class NotPart10(Exception):
    """The bytes have no complete File Meta Information."""


def split(raw):
    """Splits the bytes of a file into its meta values and its data set. Errors: NotPart10."""
    if len(raw) < 132 or raw[128:132] != b"DICM":
        raise NotPart10("no DICM prefix")
    offset, values = 132, {}
    while offset + 8 <= len(raw) and raw[offset : offset + 2] == b"\x02\x00":
        element = struct.unpack_from("<H", raw, offset + 2)[0]
        vr = raw[offset + 4 : offset + 6]
        if vr in _LONG_FORM:
            length, start = struct.unpack_from("<I", raw, offset + 8)[0], offset + 12
        else:
            length, start = struct.unpack_from("<H", raw, offset + 6)[0], offset + 8
        if start + length > len(raw):
            raise NotPart10("a meta element ends beyond the file")
        values[element] = raw[start : start + length].rstrip(b"\0 ").decode("ascii", "replace")
        offset = start + length
    missing = [element for element in (0x0002, 0x0003, 0x0010) if not values.get(element)]
    if missing:
        raise NotPart10("the meta group lacks " + ", ".join(f"(0002,{element:04x})" for element in missing))
    return Part10(values[0x0002], values[0x0003], values[0x0010], raw[offset:])


def read(path):
    """`split` of the file at `path`."""
    with open(path, "rb") as file:
        return split(file.read())


_UNDEFINED = 0xFFFFFFFF


def top_level(file):
    """{tag: raw value} of the top level of a Part10's data set in an uncompressed Little Endian syntax; sequences are skipped."""
    explicit, data, offset, found = file.transfer_syntax != "1.2.840.10008.1.2", file.data_set, 0, {}
    while offset + 8 <= len(data):
        tag, vr, length, start = _header(data, offset, explicit)
        if length == _UNDEFINED:
            offset = _end_of_undefined(data, start, explicit)
            continue
        if vr != b"SQ":
            found[tag] = data[start : start + length]
        offset = start + length
    return found


def text(file, tag):
    """A top-level text value without its padding; "" where there is none. Bytes that are not UTF-8 are replaced."""
    return top_level(file).get(tag, b"").rstrip(b"\0 ").decode("utf-8", "replace")


def _header(data, offset, explicit):
    group, element = struct.unpack_from("<HH", data, offset)
    tag = group << 16 | element
    if group == 0xFFFE or not explicit:
        return tag, b"", struct.unpack_from("<I", data, offset + 4)[0], offset + 8
    vr = data[offset + 4 : offset + 6]
    if vr in _LONG_FORM:
        return tag, vr, struct.unpack_from("<I", data, offset + 8)[0], offset + 12
    return tag, vr, struct.unpack_from("<H", data, offset + 6)[0], offset + 8


def _end_of_undefined(data, offset, explicit):
    """Offset after the delimiter that closes what was opened before `offset`."""
    depth = 1
    while depth and offset + 8 <= len(data):
        tag, _, length, start = _header(data, offset, explicit)
        if tag in (0xFFFEE00D, 0xFFFEE0DD):
            depth, offset = depth - 1, start
        elif length == _UNDEFINED:
            depth, offset = depth + 1, start
        else:
            offset = start + length if tag != 0xFFFEE000 else start
    return offset
