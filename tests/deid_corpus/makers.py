"""Five makers of scanners: how they call themselves, and what they put into private blocks, safe or not."""

from dataclasses import dataclass

from dicom_writer import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

from labelled import PRIVATE, Check, label, removed, retained

RLE = "1.2.840.10008.1.2.5"


@dataclass(frozen=True)
class Maker:
    manufacturer: str
    models: dict  # by modality
    software: str
    transfer_syntax: str
    private: object  # function(level, study, kind)


def _named(level, study, group, creator, block=0x10):
    """A block of which nothing may stay."""
    subject = study.subject
    level.private(group, creator, 0x01, "LO", subject.name.split("=")[0], removed(*subject.family.split()), block=block)
    level.private(group, creator, 0x02, "UN", subject.patient_id.encode(), removed(subject.patient_id), block=block)
    level.private(group, creator, 0x03, "DA", study.date, label("date_shifted", study.date), block=block)


def _siemens(level, study, kind):
    subject = study.subject
    _named(level, study, 0x0009, "SIEMENS CT VA1 DUMMY")
    header = b"SV10\4\3\2\1" + f"PatientName {subject.family} {subject.given}".encode("utf-8") + bytes(12)
    level.private(0x0029, "SIEMENS CSA HEADER", 0x10, "OB", header, removed(*subject.family.split()))
    if kind == "MR":
        level.safe(0x0019, "SIEMENS MR HEADER", 0x0C, "IS", 800)
        level.safe(0x0019, "SIEMENS MR HEADER", 0x0D, "CS", "DIRECTIONAL")
        level.safe(0x0019, "SIEMENS MR HEADER", 0x0E, "FD", (0.5, 0.25, -0.75))
    if kind.startswith("US"):
        creator = "SIEMENS Ultrasound SC2000"
        level.safe(0x0119, creator, 0x13, "IS", 25)
        bookmark = study.uid_of("bookmark", kind)
        level.private(0x0129, creator, 0x02, "UI", bookmark, label("uid_changed", bookmark), label("uid_consistent", bookmark))


def _ge(level, study, kind):
    _named(level, study, 0x0009, "GEMS_IDEN_01")
    level.safe(0x0025, "GEMS_SERS_01", 0x07, "SL", 24)
    level.safe(0x0043, "GEMS_PARM_01", 0x27, "SH", "/1.375:1")
    if kind == "MR":
        name = study.subject.given if len(study.made["MR"]) % 2 else ""
        level.private(0x0019, "GEMS_ACQU_01", 0x9E, "LO", f"EPI {name}".strip(),
                      removed(name) if name else retained("EPI", PRIVATE))
        level.safe(0x0043, "GEMS_PARM_01", 0x39, "IS", (1000, 8, 0, 0))
    elif kind == "CT":
        level.safe(0x0019, "GEMS_ACQU_01", 0x23, "DS", "39.37")
        level.safe(0x0019, "GEMS_ACQU_01", 0x27, "DS", "0.6")
        level.safe(0x0045, "GEMS_HELIOS_01", 0x01, "SS", 64)
    # A block of nobody's in a group that has safe ones, and an element that no creator reserved.
    level.private(0x0043, "NOWHERE PLUGIN", 0x39, "IS", 4711, removed("4711"), block=0x11)


def _philips(level, study, kind):
    creator = "Philips Imaging DD 001"
    _named(level, study, 0x2001, "NOWHERE RESEARCH", block=0x20)
    level.safe(0x2001, creator, 0x0B, "CS", "TRANSVERSAL")
    level.private(0x2001, creator, 0x07, "CS", study.subject.patient_id.replace("-", "").upper(),
                  removed(study.subject.patient_id.replace("-", "")))
    level.safe(0x2001, creator, 0x18, "SL", 40)
    level.safe(0x2001, creator, 0x0A, "IS", 7)
    if kind == "MR":
        level.safe(0x2001, creator, 0x03, "FL", 800.0)
        level.safe(0x2001, creator, 0x1A, "FL", (0.0, 0.5, 1.5))
        level.safe(0x2005, "Philips MR Imaging DD 001", 0x0E, "FL", 1.25)
    elif kind == "PT":
        level.safe(0x7053, "Philips PET Private Group", 0x00, "DS", "0.000551")
        level.safe(0x7053, "Philips PET Private Group", 0x09, "DS", "1.25")
    stack = level.private_item(0x2001, creator, 0x5F)
    stack.safe(0x2001, creator, 0x2D, "SS", 40)
    stack.private(0x2001, "NOWHERE RESEARCH", 0x01, "LO", study.subject.given, removed(study.subject.given), block=0x20)
    # The item has no creator for this one: it is nobody's, though the data set has one.
    stack.dataset.add(0x0043_1027, "SH", study.subject.patient_id)
    stack.checks.append(Check("text_removed", "", (study.subject.patient_id,), "removal"))


def _elscint(level, study, kind):
    _named(level, study, 0x00E1, "ELSCINT1 NAMES", block=0x11)
    level.safe(0x00E1, "ELSCINT1", 0x21, "DS", "512.5")
    level.safe(0x01F1, "ELSCINT1", 0x01, "CS", "HELIX")
    level.safe(0x01F1, "ELSCINT1", 0x26, "DS", "0.984")
    level.safe(0x01F1, "ELSCINT1", 0x27, "DS", "0.5")
    level.private(0x00E1, "ELSCINT1", 0x40, "SH", study.subject.patient_id[:16], removed(study.subject.patient_id))


def _other(level, study, kind):
    """A maker without safe elements."""
    _named(level, study, 0x0065, "EXAMPLE IMAGING SHANGHAI")
    item = level.private_item(0x0065, "EXAMPLE IMAGING SHANGHAI", 0x20)
    deeper = item.item("RequestAttributesSequence")
    deeper.put("ScheduledPerformingPhysicianName", "Scheduleson^Sven", removed("Scheduleson"))


MAKERS = (
    Maker("SIEMENS", {"CT": "SOMATOM Definition AS", "MR": "Prisma_fit", "PT": "Biograph64", "US": "ACUSON SC2000"},
          "syngo CT 2012B", EXPLICIT_VR_LITTLE_ENDIAN, _siemens),
    Maker("GE MEDICAL SYSTEMS", {"CT": "LightSpeed VCT", "MR": "SIGNA HDxt", "PT": "Discovery 690", "US": "LOGIQ E9"},
          "07MW18.4", IMPLICIT_VR_LITTLE_ENDIAN, _ge),
    Maker("Philips Medical Systems", {"CT": "Brilliance 64", "MR": "Ingenia", "PT": "Guardian Body(C)", "US": "iU22"},
          "5.1.7", EXPLICIT_VR_LITTLE_ENDIAN, _philips),
    Maker("Philips", {"CT": "iCT 256", "MR": "Achieva", "PT": "Vereos", "US": "EPIQ 7C"}, "4.1.6", IMPLICIT_VR_LITTLE_ENDIAN, _elscint),
    Maker("Example Imaging", {"CT": "EX 960+", "MR": "EX 790", "PT": "EX EXPLORER", "US": "EX Sono"}, "R001",
          EXPLICIT_VR_LITTLE_ENDIAN, _other),
)
