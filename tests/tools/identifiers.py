"""The values of a data set that identify somebody, and a search for them in any bytes (de-identified files, logs)."""

import re

from dicom_dictionary import ATTRIBUTES
from dicom_writer import _CODECS, Dataset

PERSONS = (
    "PatientName",
    "PatientID",
    "OtherPatientIDs",
    "PatientBirthDate",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "AccessionNumber",
    "ReferringPhysicianName",
    "OperatorsName",
    "RequestedProcedureID",
    "PerformedProcedureStepID",
)
PLACES = ("InstitutionName", "InstitutionAddress")
# Retain Device Identity (PS3.15 §E.3.8) keeps both, and the sample trial chooses it.
DEVICES = ("DeviceSerialNumber", "StationName")
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "PatientBirthDate")

# Shorter values would be met by chance in a file of random bytes.
SHORTEST_SEARCHED = 6


def _values(dataset, keywords, codec):
    for tag, vr, value in dataset.elements():
        if vr == "SQ":
            for item in value:
                yield from _values(item, keywords, codec)
            continue
        for keyword in keywords:
            if ATTRIBUTES[keyword][0] == tag:
                for part in value if isinstance(value, (list, tuple)) else (value,):
                    yield keyword, str(part).encode(codec)


def identifying_values(instances, keywords):
    """{bytes as they stand in the file: keyword} of `keywords` in all of `instances`; components of names also alone."""
    found = {}
    for instance in instances:
        dataset: Dataset = instance.dataset
        codec = _CODECS[dataset.get("SpecificCharacterSet")]
        for keyword, value in _values(dataset, keywords, codec):
            parts = [value] + (value.split(b"^") if ATTRIBUTES[keyword][1] == "PN" else [])
            for part in parts:
                if len(part) >= SHORTEST_SEARCHED:
                    found.setdefault(part, keyword)
    return found


def hits(raw, values):
    """Keywords of those of `values` that occur in the bytes `raw`."""
    return sorted({keyword for value, keyword in values.items() if value in raw})


_TIME = re.compile(rb"^\d{4}-\d\d-\d\dT[\d:.]+Z ", re.MULTILINE)


def hits_in_log(raw, values):
    """As hits(). The times of the lines do not count, and a value of digits alone must stand alone: a number of six digits
    is met by chance in a fraction of a second or in the middle of a UID."""
    text = _TIME.sub(b"", raw)
    numbers = {value: keyword for value, keyword in values.items() if value.isdigit()}
    found = set(hits(text, {value: keyword for value, keyword in values.items() if value not in numbers}))
    for value, keyword in numbers.items():
        if re.search(rb"(?<![\d.])" + value + rb"(?![\d.])", text):
            found.add(keyword)
    return sorted(found)
