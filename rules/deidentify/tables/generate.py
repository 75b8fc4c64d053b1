#!/usr/bin/env python3
"""Writes the .inc files of this folder from tab-separated tables of facts of the standard.

usage: generate.py DIRECTORY   (with ps3.15-table-e1-1.tsv, ps3.15-e1-1-vr.tsv, ps3.15-safe-private.tsv, cid7050.tsv,
                                ps3.3-types-for-compound-actions.tsv, ps3.15-table-e3-4-1-sr.tsv)
"""

import pathlib
import sys

# In the order of DeidentificationOption; the columns of table E.1-1.
OPTIONS = ["", "", "clean_graphics", "clean_structured_content", "clean_descriptors", "retain_full_dates",
           "retain_modified_dates", "retain_patient_chars", "retain_device", "retain_uids", "retain_safe_private",
           "retain_institution"]
ACTIONS = {"D": "d", "Z": "z", "X": "x", "U": "u", "Z/D": "z_d", "X/Z": "x_z", "X/D": "x_d", "X/Z/D": "x_z_d",
           "X/Z/U*": "x_z_u"}
# PS3.6 has these under another group, or is younger than the table of VRs.
VRS = {"0000,1000": "UI", "0000,1001": "UI", "3004,007F": "LO", "50xx,xxxx": "OW", "60xx,3000": "OW",
       "gggg,eeee (gggg odd)": "UN"}
STRICTNESS = ["1", "1C", "2", "2C", "3"]
TYPE_LETTERS = {"1": "1", "1C": "c", "2": "2", "2C": "d", "3": "3"}


def read(directory, name):
    lines = (directory / name).read_text(encoding="utf-8").splitlines()
    names = lines[0].split("\t")
    return [dict(zip(names, line.split("\t"))) for line in lines[1:] if line]


def write(name, attribution, rows):
    text = f"// {attribution}. Written by generate.py.\n" + "".join(row + "\n" for row in rows)
    (pathlib.Path(__file__).parent / name).write_text(text, encoding="utf-8")


def number(tag):
    return "0x" + tag.replace(",", "")


def confidentiality_rows(directory):
    vrs = {row["tag"]: row["vr"] for row in read(directory, "ps3.15-e1-1-vr.tsv")}
    for row in read(directory, "ps3.15-table-e1-1.tsv"):
        tag = row["tag"]
        if "x" in tag or "g" in tag:
            continue
        vr = VRS.get(tag) or vrs[tag]
        masks = {"K": 0, "C": 0}
        for bit, column in enumerate(OPTIONS):
            if column and row.get(column):
                masks[row[column]] |= 1 << bit
        yield (f"{{{number(tag)}, Vr::{vr[:2].lower()}, ProfileAction::{ACTIONS[row['basic']]}, "
               f"0x{masks['K']:03X}, 0x{masks['C']:03X}}},  // {row['keyword']}")


def safe_private_rows(directory):
    for row in read(directory, "ps3.15-safe-private.tsv"):
        vr = row["vr"][:2].lower() or "un"
        yield f"{{{number(row['tag'].replace('xx', '00'))}, Vr::{vr}, \"{row['private_creator']}\"}},"


def type_rows(directory):
    rows = read(directory, "ps3.3-types-for-compound-actions.tsv")
    iods = sorted({row["sop_class_uids"] for row in rows})
    strictest = {}
    for row in rows:
        key = (row["path"], row["sop_class_uids"])
        strictest.setdefault(key, []).append(row["type"])
    classes = sorted((uid, index) for index, uids in enumerate(iods) for uid in uids.split())
    yield "constexpr SopClassColumn sop_class_columns[] = {"
    for uid, index in classes:
        yield f"    {{\"{uid}\", {index}}},"
    yield "};"
    yield "constexpr TypeRow type_rows[] = {"
    for path in sorted({row["path"] for row in rows}):
        tags = [number(tag) for tag in path.split(" > ")]
        tags += ["0"] * (5 - len(tags))
        letters = ""
        for uids in iods:
            found = strictest.get((path, uids))
            letters += TYPE_LETTERS[min(found, key=STRICTNESS.index)] if found else " "
        yield f"    {{{{{', '.join(tags)}}}, \"{letters}\"}},"
    yield "};"


def content_rows(directory):
    for row in read(directory, "ps3.15-table-e3-4-1-sr.tsv"):
        masks = {"K": 0, "C": 0}
        for bit, column in enumerate(OPTIONS):
            if column and row.get(column):
                masks[row[column]] |= 1 << bit
        yield (f"{{\"{row['coding_scheme']}\", \"{row['code_value']}\", \"{row['value_type']}\", "
               f"ProfileAction::{ACTIONS[row['basic']]}, 0x{masks['K']:03X}, 0x{masks['C']:03X}}},"
               f"  // {row['code_meaning']}")


def code_rows(directory):
    for row in read(directory, "cid7050.tsv"):
        yield f"{{\"{row['code_value']}\", \"{row['code_meaning']}\"}},"


def main():
    directory = pathlib.Path(sys.argv[1])
    write("table_e1_1.inc", "DICOM PS3.15 2026d, (c) NEMA, Table E.1-1; VRs of PS3.6 2026c",
          confidentiality_rows(directory))
    write("safe_private.inc", "DICOM PS3.15 2026d, (c) NEMA, Table E.3.10-1", safe_private_rows(directory))
    write("attribute_types.inc", "DICOM PS3.3 2015/16, (c) NEMA: Types of the attributes with a compound action",
          type_rows(directory))
    write("content_concepts.inc", "DICOM PS3.15 2026c, (c) NEMA, Table E.3.4-1", content_rows(directory))
    write("cid7050.inc", "DICOM PS3.16 2026d, (c) NEMA, CID 7050", code_rows(directory))


if __name__ == "__main__":
    main()
