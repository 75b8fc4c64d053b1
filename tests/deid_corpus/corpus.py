"""The corpus on disk: files, answer key, and the trial that they are de-identified for."""

import datetime
import json
import os

from kinds import BURNED_IN, CLASSES, STORAGE, Study, instances_of, model_of
from makers import MAKERS
from people import subjects

SEED = 20260302
VISITS = 2
OPTIONS = ("clean_pixel_data", "clean_descriptors", "clean_structured_content", "clean_graphics", "retain_longitudinal_modified_dates",
           "retain_patient_characteristics", "retain_device_identity", "retain_safe_private")
# The words of this trial's protocol that are no general words of imaging.
TERMS = ("CAP", "ThorAbd", "PV")
PATTERNS = (r"[BI]\d\d[fs]", r"T\d\d[fs]", r"b\d{2,4}", r"\d\.\d{1,2}", r"\d")


def first_visit(subject):
    return datetime.date(2026, 1, 5) + datetime.timedelta(days=3 * subject.number)


def make_instances():
    """All labelled instances, one visit after the other."""
    for subject in subjects(SEED):
        for visit in range(VISITS):
            yield from instances_of(Study(subject, visit, first_visit(subject) + datetime.timedelta(days=42 * visit)))


def write(folder):
    """Writes every instance into a folder of its site and returns them, without their data sets' bytes kept."""
    instances = []
    for instance in make_instances():
        place = os.path.join(folder, instance.subject.site)
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, instance.name), "wb") as out:
            out.write(instance.encoded())
        instances.append(instance)
    return instances


def _masks():
    for maker in MAKERS:
        for kind in sorted(BURNED_IN - {"SC hint"}):
            yield {
                "id": f"{maker.manufacturer}-{kind}".replace(" ", "-"), "manufacturer": maker.manufacturer, "model": model_of(maker, kind),
                "sop_class": STORAGE + CLASSES[kind], "rows": 40, "columns": 96,
                "blank": [{"left": 0, "top": 0, "width": 96, "height": 14}], "approved": {"by": "A. Tester", "on": "2026-01-02"},
            }


def write_trial(folder, options=OPTIONS):
    """Trial file, subject register, masks and key; returns the paths of the trial file and of the key."""
    os.makedirs(folder, exist_ok=True)
    deidentify = {"profile": "basic", "options": list(options)}
    if "retain_longitudinal_modified_dates" in options:
        deidentify["dates"] = {"shift": "per_subject", "max_days": 365, "device_dates": "removed"}
    if "clean_descriptors" in options:
        deidentify["descriptors"] = {"terms": list(TERMS), "patterns": list(PATTERNS)}
    if "clean_pixel_data" in options:
        deidentify["pixels"] = {"masks": list(_masks())}
    trial = {
        "trial": {"protocol_id": "ONC-301", "sponsor": "Example Pharma", "charter": {"version": "1.0"}},
        "subjects": {"register": "subjects.csv"},
        "time_points": {"reference": "first_dose", "schedule": [{"id": "BL", "days": [-28, 0]}, {"id": "W06", "day": 42, "window": [-7, 7]}]},
        "series": [{"id": "any", "name": {"en": "Anything"}, "select": {"Rows": {"min": 1}}, "required_at": "all"}],
        "deidentify": deidentify,
    }
    paths = os.path.join(folder, "trial.yaml"), os.path.join(folder, "key")
    with open(paths[0], "w", encoding="utf-8") as out:
        json.dump(trial, out)  # JSON is YAML
    with open(os.path.join(folder, "subjects.csv"), "w", encoding="utf-8") as out:
        out.write("site,issuer,patient_id,subject_id,first_dose\n")
        for subject in subjects(SEED):
            out.write(f"{subject.site},{subject.issuer},{subject.patient_id},{subject.subject_id},{first_visit(subject)}\n")
    with open(os.open(paths[1], os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
        out.write("0123456789abcdef" * 4)
    return paths
