"""The instances of one visit: images, reports, key objects, presentation states, contours, segmentations, each labelled."""

import hashlib
import random

from dicom_writer import uid

import glyphs
from labelled import MARKER, PASS_WHEN_MISSING, BurnedIn, Check, Instance, Level, label, removed, retained
from makers import MAKERS, RLE
from people import STAFF

STORAGE = "1.2.840.10008.5.1.4.1.1."
CLASSES = {
    "CT": "2", "MR": "4", "PT": "128", "CR": "1", "DX": "1.1", "MG": "1.2", "US": "6.1", "US cine": "3.1", "US RLE": "6.1",
    "NM": "20", "SC": "7", "SC hint": "7", "enhanced CT": "2.1", "SR text": "88.11", "SR measurements": "88.33", "KO": "88.59",
    "PR": "11.1", "RTSTRUCT": "481.3", "SEG": "66.4",
}
MODALITIES = {"SR text": "SR", "SR measurements": "SR", "enhanced CT": "CT", "US cine": "US", "US RLE": "US", "SC": "OT", "SC hint": "OT"}
BURNED_IN = {"US", "US cine", "US RLE", "CR", "SC", "SC hint"}
# How examinations are called, by modality: series, study or requested procedure, protocol.
WORDS = {
    "CT": (("AX PORTAL VENOUS 5mm", "LUNG 1.25mm", "ThorAbd 5.0 B30f", "CAP PV 3.0 I30f", "COR MPR SOFT TISSUE", "Topogram 0.6 T20f"),
           ("CT CHEST ABDOMEN PELVIS W CONTRAST", "CT Thorax/Abdomen with contrast"), ("CAP routine", "5.1 LIVER 3 PHASE")),
    "MR": (("AX T2 FLAIR", "SAG T1 MPRAGE ISO", "AX DWI b1000", "COR STIR", "t2_tse_tra", "AX T1 POST GD FS"),
           ("MRI BRAIN W WO CONTRAST", "MR Liver dynamic"), ("Brain tumor", "LIVER dynamic")),
    "PT": (("PET WB AC", "PET BODY NAC 3D"), ("PET CT SKULL BASE TO MID THIGH",), ("FDG whole body",)),
    "CR": (("CHEST AP PORTABLE",), ("XR CHEST AP PORTABLE",), ("Chest portable",)),
    "DX": (("KNEE LEFT LATERAL",), ("XR KNEE LEFT 2 VIEWS",), ("Knee",)),
    "MG": (("MAMMOGRAM L CC", "MAMMOGRAM R MLO"), ("MAMMOGRAM SCREENING BILATERAL",), ("Mammography",)),
    "US": (("ABDOMEN COMPLETE",), ("US ABDOMEN COMPLETE",), ("Abdomen",)),
    "NM": (("BONE SCAN ANT", "BONE SCAN POST"), ("NM BONE SCAN WHOLE BODY",), ("Whole body bone",)),
}
REASONS = ("restaging lung cancer after chemotherapy", "suspected liver metastases", "follow up of a nodule in the left lung")
COUNTS = {
    "CT": 14, "MR": 10, "PT": 6, "CR": 2, "DX": 2, "MG": 2, "US": 2, "US cine": 1, "US RLE": 1, "NM": 2, "SC": 1, "SC hint": 1,
    "enhanced CT": 1, "SR text": 1, "SR measurements": 1, "KO": 1, "PR": 1, "RTSTRUCT": 1, "SEG": 1,
}


class Study:
    """One visit of a subject: its maker, its dates, and the UIDs of everything in it."""

    def __init__(self, subject, visit, day):
        self.subject, self.visit, self.day = subject, visit, day
        self.maker = MAKERS[(subject.number + visit) % len(MAKERS)]
        self.source = random.Random(f"study {subject.number} {visit}")
        self.date, self.time = day.strftime("%Y%m%d"), f"{self.source.randrange(7, 18):02d}{self.source.randrange(60):02d}07"
        self.accession = f"ACC{self.source.randrange(10**8, 10**9)}"
        self.made = {}  # kind -> SOP Instance UIDs so far

    def uid_of(self, *what):
        return uid("deid corpus", self.subject.number, self.visit, *what)

    def planted(self):
        """Somebody's name, as people write it behind what they wanted to say, and its tokens."""
        subject = self.subject
        family, given = subject.family, subject.given
        named = (*family.split(), given)
        return self.source.choice((
            (f"for {given} {family}", named),
            (f"{family.upper()}, {given.upper()}", named),
            ("ordered by Hildegardis, next of kin", ("Hildegardis",)),
            (f"{subject.patient_id}", (subject.patient_id,)),
            (f"{self.date}", (self.date,)),
            (f"{self.day:%d.%m.%Y}", (f"{self.day:%d.%m.%Y}", f"{self.day:%d.%m}")),
            (f"{self.day:%m/%d/%y}", (f"{self.day:%m/%d}",)),
            (f"{self.accession} / Dr. Referrington", (self.accession, "Referrington")),
        ))


def _common(study, kind, number):
    """What every instance has: patient, study, series, equipment, identifiers."""
    subject, maker, modality = study.subject, study.maker, MODALITIES.get(kind, kind)
    level = Level([])
    instance_uid = study.uid_of(kind, number)
    study.made.setdefault(kind, []).append(instance_uid)
    if subject.charset:
        level.put("SpecificCharacterSet", subject.charset)
    level.keep("SOPClassUID", STORAGE + CLASSES[kind])
    level.uid("SOPInstanceUID", instance_uid)
    level.uid("StudyInstanceUID", study.uid_of("study"))
    level.uid("SeriesInstanceUID", study.uid_of("series", kind))
    level.date("StudyDate", study.date)
    level.keep("StudyTime", study.time)
    level.date("SeriesDate", study.date)
    level.date("InstanceCreationDate", study.date)
    level.keep("SeriesTime", study.time)
    level.keep("Modality", modality)
    level.keep("Manufacturer", maker.manufacturer)
    model = model_of(maker, kind) if kind in BURNED_IN else maker.models.get(modality, maker.models["CT"])
    level.keep("ManufacturerModelName", model)
    level.keep("StationName", "SCANNER7")
    level.keep("SoftwareVersions", maker.software)
    level.keep("DeviceSerialNumber", f"SN{number % 3}0{subject.number % 7}7X")
    level.keep("SeriesNumber", list(COUNTS).index(kind) + 1)
    level.keep("InstanceNumber", number + 1)
    _patient(level, study)
    _places_and_staff(level, study)
    _orders(level, study)
    for tag in ("<(0012,0062)>", "<(0012,0063)>", "<(0028,0303)>"):
        level.checks.append(Check("text_notnull", tag, None, MARKER))
    level.checks.append(Check("text_retained", "<(0012,0062)>", "YES", MARKER))
    whole = (*(token for token in subject.tokens if len(token) > 2), *subject.identifiers, *STAFF, study.accession,
             study.uid_of("study"))
    level.checks.append(Check("text_removed", "", whole, "removal"))
    return level


def _patient(level, study):
    subject = study.subject
    level.put("PatientName", subject.name, removed(*subject.tokens), label("tag_retained"))
    level.put("PatientID", subject.patient_id, label("patid_consistent", (subject.issuer, subject.patient_id)),
              removed(subject.patient_id))
    level.put("IssuerOfPatientID", subject.issuer)
    level.put("PatientBirthDate", subject.birth_date, label("date_shifted", subject.birth_date), label("tag_retained"))
    level.keep("PatientSex", subject.sex)
    level.keep("PatientAge", f"0{study.day.year - int(subject.birth_date[:4]):02d}Y")
    level.keep("PatientWeight", 50 + subject.number)
    level.keep("PatientSize", 1.6)
    level.put("OtherPatientNames", f"{subject.family}^{subject.given}^Alias", removed(*subject.family.split()))
    level.put("PatientAddress", f"{subject.street}, {subject.institution}", removed(subject.street))
    level.put("PatientTelephoneNumbers", subject.phone, removed(subject.phone))
    other = level.item("OtherPatientIDsSequence")
    other.put("PatientID", f"OLD-{subject.patient_id}", removed(subject.patient_id))
    other.put("TypeOfPatientID", "TEXT")
    level.put("MedicalAlerts", f"pacemaker of {subject.given} {subject.family}", removed(*subject.family.split()))
    level.put("AdditionalPatientHistory", f"Referred by Dr. Referrington on {study.date}, MRN {subject.patient_id}",
              removed("Referrington", study.date, subject.patient_id))
    level.put("PatientComments", f"call {subject.phone}", removed(subject.phone))


def _places_and_staff(level, study):
    subject = study.subject
    level.put("AccessionNumber", study.accession, removed(study.accession))
    level.put("StudyID", f"S{study.accession[-7:]}", removed(study.accession[-7:]))
    level.put("InstitutionName", subject.institution, removed(*subject.institution.split()))
    level.put("InstitutionAddress", f"1 {subject.institution} Square", removed(*subject.institution.split()))
    level.put("InstitutionalDepartmentName", f"{subject.institution} Radiology", removed(*subject.institution.split()))
    level.put("ReferringPhysicianName", "Referrington^Rufus^^Dr.", removed("Referrington", "Rufus"), label("tag_retained"))
    level.put("OperatorsName", ["Operatrix^Olympia", "Scheduleson^Sven"], removed("Operatrix", "Olympia", "Scheduleson"))
    level.put("NameOfPhysiciansReadingStudy", "Readerman^Reinhold", removed("Readerman"))
    equipment = level.item("ContributingEquipmentSequence")
    equipment.code("PurposeOfReferenceCodeSequence", "109101", "DCM", "Acquisition Equipment")
    equipment.keep("Manufacturer", study.maker.manufacturer)
    equipment.put("InstitutionName", subject.institution, removed(*subject.institution.split()))
    equipment.put("OperatorsName", "Operatrix^Olympia", removed("Operatrix"))
    equipment.date("ContributionDateTime", study.date + study.time)
    originals = level.item("OriginalAttributesSequence")
    originals.put("SourceOfPreviousValues", subject.institution, removed(*subject.institution.split()))
    originals.item("ModifiedAttributesSequence").put("PatientName", subject.name, removed(*subject.tokens))


def _orders(level, study):
    """What was asked for, three levels deep."""
    planted, tokens = study.planted()
    request = level.item("RequestAttributesSequence")
    request.put("ScheduledProcedureStepID", f"SPS{study.accession[3:]}", removed(study.accession[3:]))
    request.put("RequestedProcedureID", f"RP{study.accession[3:]}", removed(study.accession[3:]))
    request.description("ScheduledProcedureStepDescription", "CT CHEST", planted, tokens)
    code = request.code("ScheduledProtocolCodeSequence", "X-1", "DCM", "Chest")
    context = code.item("ProtocolContextSequence")
    context.put("ValueType", "PNAME")
    context.put("PersonName", study.subject.name, removed(*study.subject.tokens))
    context.put("DateTime", study.date + "101500", label("date_shifted", study.date))
    study_reference = level.item("ReferencedStudySequence")
    study_reference.put("ReferencedSOPClassUID", "1.2.840.10008.3.1.2.3.1")
    study_reference.put("ReferencedSOPInstanceUID", study.uid_of("study"), label("uid_changed", study.uid_of("study")))


def _descriptions(level, study, kind):
    modality = MODALITIES.get(kind, kind)
    series, studies, protocols = WORDS.get(modality, WORDS["CT"])
    for keyword, words in (("SeriesDescription", series), ("StudyDescription", studies), ("ProtocolName", protocols),
                           ("RequestedProcedureDescription", studies), ("PerformedProcedureStepDescription", protocols)):
        planted, tokens = study.planted() if study.source.random() < 0.6 else ("", ())
        level.description(keyword, study.source.choice(words), planted, tokens)
    planted, tokens = study.planted()
    level.description("ReasonForStudy", study.source.choice(REASONS), planted, tokens)
    level.code("ProcedureCodeSequence", "24627-2", "LN", "CT Chest")
    level.put("ImageComments", f"reviewed with {study.subject.given} {study.subject.family} {study.date[:4]}-{study.date[4:6]}-"
              f"{study.date[6:]}", removed(*study.subject.family.split(), study.date))


def _image(level, study, kind, number, rows=16, columns=16, samples=1, bits=16, frames=1):
    """Image and pixel attributes, and pixels that differ in every instance. Returns the frames."""
    derived = kind in ("SC", "SC hint")
    level.put("ImageType", ["DERIVED", "SECONDARY"] if derived else ["ORIGINAL", "PRIMARY", "AXIAL"] if kind == "CT" else
              ["ORIGINAL", "PRIMARY"], label("tag_retained"))
    level.keep("SamplesPerPixel", samples)
    level.keep("PhotometricInterpretation", "RGB" if samples == 3 else "MONOCHROME2")
    if samples == 3:
        level.keep("PlanarConfiguration", 0)
    level.keep("Rows", rows)
    level.keep("Columns", columns)
    if frames > 1:
        level.keep("NumberOfFrames", frames)
    for keyword, value in (("BitsAllocated", bits), ("BitsStored", 12 if bits == 16 else 8), ("HighBit", 11 if bits == 16 else 7),
                           ("PixelRepresentation", 0)):
        level.keep(keyword, value)
    seed = f"{study.subject.number} {study.visit} {kind} {number}"
    source = random.Random(seed)
    size = rows * columns * samples
    made = []
    for _ in range(frames):
        raw = bytearray(source.randbytes(size)) if bits == 8 else bytearray(2 * size)
        if bits == 16:
            raw[0::2] = source.randbytes(size)
            raw[1::2] = bytes(byte & 0x07 for byte in source.randbytes(size))
        made.append(raw)
    level.date("ContentDate", study.date)
    level.keep("ContentTime", study.time)
    level.date("AcquisitionDate", study.date)
    level.keep("AcquisitionTime", study.time)
    return made


def model_of(maker, kind):
    """Every kind of picture comes from a device of its own: a mask is for one device and size."""
    return f"{maker.models['US']} {kind}"


def _picture(study, kind, number):
    """An image whose SOP class usually shows text. The mask that is approved for it blanks a band at the top."""
    samples, frames = (3, 1) if kind in ("US", "SC") else (1, 3) if kind == "US cine" else (1, 1)
    rows, columns = 40, 96
    level = _common(study, kind, number)
    _descriptions(level, study, kind)
    made = _image(level, study, kind, number, rows, columns, samples, 8, frames)
    if kind.startswith("SC"):
        level.keep("ConversionType", "WSD", "IOD")
    text = "".join(letter for letter in study.subject.family.upper() if "A" <= letter <= "Z")[:14]
    box = BurnedIn(text, 4, 3, columns, 14)
    for raw in made:
        for row in range(box.height):
            raw[row * columns * samples : (row + 1) * columns * samples] = bytes([20]) * (columns * samples)
        glyphs.draw(lambda row, column, raw=raw: raw.__setitem__(
            slice((row * columns + column) * samples, (row * columns + column + 1) * samples), bytes([240]) * samples), text, box.left, box.top)
    rest = hashlib.sha256(b"".join(bytes(raw[box.height * columns * samples :]) for raw in made)).hexdigest()
    level.put("PixelData", b"".join(made))
    level.whole(label("pixels_hidden", box), label("pixels_retained", (rest, box.height)))
    if kind == "SC hint":
        level.put("BurnedInAnnotation", "YES")
    study.maker.private(level, study, kind)
    return level


def _rle(raw):
    """One frame of single bytes as RLE (PS3.5 Annex G): literal runs only."""
    runs = bytearray()
    for at in range(0, len(raw), 128):
        run = raw[at : at + 128]
        runs += bytes([len(run) - 1]) + run
    if len(runs) % 2:
        runs += b"\0"
    return (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + bytes(runs)


def _slice(study, kind, number):
    """CT, MR, PT, DX, MG, NM: an image without text."""
    frames = 4 if kind == "NM" else 1
    level = _common(study, kind, number)
    _descriptions(level, study, kind)
    made = b"".join(_image(level, study, kind, number, frames=frames))
    level.put("PixelData", made)
    level.whole(label("pixels_retained", (hashlib.sha256(made).hexdigest(), 0)))
    level.uid("FrameOfReferenceUID", study.uid_of("frame of reference"))
    level.keep("ImageOrientationPatient", [1, 0, 0, 0, 1, 0])
    level.keep("ImagePositionPatient", [-120.5, -120.5, 900.0 - 5 * number])
    level.keep("PixelSpacing", [0.75, 0.75])
    level.keep("SliceThickness", 5)
    level.put("DateOfLastCalibration", study.date, label("date_shifted", study.date))
    # X/Z/U* in Table E.1-1: the standard lets it go from these IODs.
    localizer = level.item("ReferencedImageSequence")
    localizer.put("ReferencedSOPClassUID", STORAGE + CLASSES[kind])
    localizer.put("ReferencedSOPInstanceUID", study.made[kind][0], label("uid_changed", study.made[kind][0]))
    if kind in ("CT", "MR"):
        planted, tokens = study.planted()
        level.description("ContrastBolusAgent", "Omnipaque 350" if kind == "CT" else "Gadovist", planted, tokens)
        level.keep("ContrastBolusStartTime", study.time)
    if kind == "DX":
        _overlay(level, study)
    if kind == "CT":
        for keyword, value in (("KVP", 120), ("ConvolutionKernel", "B30f"), ("XRayTubeCurrent", 240), ("RescaleIntercept", -1024),
                               ("RescaleSlope", 1), ("RotationDirection", "CW")):
            level.keep(keyword, value)
        level.uid("IrradiationEventUID", study.uid_of("irradiation", number // 7))
    elif kind == "MR":
        for keyword, value in (("RepetitionTime", 4500), ("EchoTime", 90), ("FlipAngle", 120), ("MagneticFieldStrength", 3),
                               ("ScanningSequence", "SE"), ("SequenceName", "*tse2d1_15")):
            level.keep(keyword, value)
    elif kind == "PT":
        _tracer(level, study)
    study.maker.private(level, study, kind)
    return level


def _overlay(level, study):
    """A plane of marks and words."""
    for tag, vr, value in ((0x60000010, "US", 16), (0x60000011, "US", 16), (0x60000040, "CS", "G"), (0x60000050, "SS", (1, 1)),
                           (0x60000100, "US", 1), (0x60000102, "US", 0), (0x60001500, "LO", study.subject.name.split("=")[0]),
                           (0x60003000, "OW", study.subject.patient_id.encode().ljust(32, b" "))):
        level.dataset.add(tag, vr, value)
    level.checks.append(Check("text_removed", "<(6000,1500)>", tuple(study.subject.family.split()), "removal"))


def _tracer(level, study):
    """Start of the injection beside the start of the scan: both must move together."""
    tracer = level.item("RadiopharmaceuticalInformationSequence")
    tracer.keep("RadionuclideTotalDose", 370000000)
    tracer.keep("RadionuclideHalfLife", "6586.2")
    tracer.keep("RadiopharmaceuticalStartTime", "063000")
    tracer.date("RadiopharmaceuticalStartDateTime", study.date + "063000.00")
    tracer.code("RadionuclideCodeSequence", "C-111A1", "SRT", "^18^Fluorine")
    # Local time with its offset from UTC, which tells where it was.
    level.put("AcquisitionDateTime", f"{study.date}{study.time}.00+0100", label("date_shifted", study.date),
              label("interval_kept", f"{study.date}{study.time}.00"), removed("+0100"))
    level.put("TimezoneOffsetFromUTC", "+0100", removed("+0100"))
    level.keep("Units", "BQML")
    level.keep("DecayCorrection", "START")


def _enhanced(study, kind, number):
    frames = 6
    level = _common(study, kind, number)
    _descriptions(level, study, kind)
    made = b"".join(_image(level, study, kind, number, frames=frames))
    level.put("PixelData", made)
    level.whole(label("pixels_retained", (hashlib.sha256(made).hexdigest(), 0)))
    level.put("ImageType", ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])
    level.date("AcquisitionDateTime", study.date + study.time)
    level.uid("FrameOfReferenceUID", study.uid_of("frame of reference"))
    level.item("DimensionOrganizationSequence").uid("DimensionOrganizationUID", study.uid_of("dimensions"))
    shared = level.item("SharedFunctionalGroupsSequence")
    shared.item("PixelMeasuresSequence").keep("PixelSpacing", [0.75, 0.75])
    for frame in range(frames):
        group = level.item("PerFrameFunctionalGroupsSequence")
        content = group.item("FrameContentSequence")
        content.date("FrameAcquisitionDateTime", study.date + study.time)
        content.date("FrameReferenceDateTime", study.date + study.time)
        content.put("FrameComments", f"breathing of {study.subject.given}", removed(study.subject.given))
        group.item("PlanePositionSequence").keep("ImagePositionPatient", [-120.5, -120.5, 900.0 - frame])
    study.maker.private(level, study, kind)
    return level


def _content(parent, relation, value_type, code, scheme, meaning):
    item = parent.item("ContentSequence")
    item.put("RelationshipType", relation)
    item.put("ValueType", value_type)
    name = item.item("ConceptNameCodeSequence")
    for keyword, text in (("CodeValue", code), ("CodingSchemeDesignator", scheme), ("CodeMeaning", meaning)):
        name.put(keyword, text)
    return item


def _report(study, kind, number):
    """A report with persons in its text, its names, its dates and its references; what the table removes stands last."""
    level = _common(study, kind, number)
    subject = study.subject
    level.date("ContentDate", study.date)
    level.keep("ContentTime", study.time)
    level.keep("CompletionFlag", "COMPLETE")
    level.keep("VerificationFlag", "UNVERIFIED")
    level.keep("ValueType", "CONTAINER", "IOD")
    level.keep("ContinuityOfContent", "SEPARATE")
    level.code("ConceptNameCodeSequence", "18748-4", "LN", "Diagnostic Imaging Report")
    if kind == "SR measurements":
        for at, size in enumerate((12.5, 33, 8)):
            item = _content(level, "CONTAINS", "NUM", "410668003", "SCT", "Length")
            item.keep("RelationshipType", "CONTAINS", "IOD")
            measured = item.item("MeasuredValueSequence")
            measured.keep("NumericValue", size)
            measured.code("MeasurementUnitsCodeSequence", "mm", "UCUM", "millimeter")
            image = _content(item, "INFERRED FROM", "IMAGE", "121112", "DCM", "Source of Measurement")
            reference = image.item("ReferencedSOPSequence")
            reference.keep("ReferencedSOPClassUID", STORAGE + CLASSES["CT"])
            reference.uid("ReferencedSOPInstanceUID", study.made["CT"][at])
    finding = _content(level, "CONTAINS", "TEXT", "121071", "DCM", "Finding")
    finding.put("TextValue", f"{subject.given} {subject.family} has a lesion in the liver, seen {study.date} by Dr. Readerman, see "
                f"{study.uid_of('study')}", removed(*subject.tokens[:1], "Readerman", study.date, study.uid_of("study")))
    observer = _content(level, "HAS OBS CONTEXT", "PNAME", "121008", "DCM", "Person Observer Name")
    observer.put("PersonName", "Readerman^Reinhold", removed("Readerman"))
    born = _content(level, "HAS OBS CONTEXT", "DATE", "121031", "DCM", "Subject Birth Date")
    born.put("Date", subject.birth_date, removed(subject.birth_date))
    evidence = level.item("CurrentRequestedProcedureEvidenceSequence")
    evidence.uid("StudyInstanceUID", study.uid_of("study"))
    series = evidence.item("ReferencedSeriesSequence")
    series.uid("SeriesInstanceUID", study.uid_of("series", "CT"))
    for made in study.made["CT"][:3]:
        reference = series.item("ReferencedSOPSequence")
        reference.keep("ReferencedSOPClassUID", STORAGE + CLASSES["CT"])
        reference.uid("ReferencedSOPInstanceUID", made)
    return level


def _key_object(study, kind, number):
    level = _common(study, kind, number)
    level.date("ContentDate", study.date)
    level.keep("ContentTime", study.time)
    level.keep("ValueType", "CONTAINER", "IOD")
    level.code("ConceptNameCodeSequence", "113000", "DCM", "Of Interest")
    for made in study.made["MR"][:4]:
        item = level.item("ContentSequence")
        item.keep("RelationshipType", "CONTAINS", "IOD")
        item.keep("ValueType", "IMAGE", "IOD")
        reference = item.item("ReferencedSOPSequence")
        reference.keep("ReferencedSOPClassUID", STORAGE + CLASSES["MR"])
        reference.uid("ReferencedSOPInstanceUID", made)
    note = _content(level, "CONTAINS", "TEXT", "113012", "DCM", "Key Object Description")
    note.put("TextValue", f"teaching case {study.subject.family}", removed(*study.subject.family.split()))
    return level


def _presentation_state(study, kind, number):
    level = _common(study, kind, number)
    level.keep("ContentLabel", "SOFT")
    level.put("ContentDescription", f"marks of Dr. Readerman on {study.subject.family}", removed("Readerman"))
    level.put("ContentCreatorName", "Readerman^Reinhold", removed("Readerman"))
    level.put("PresentationCreationDate", study.date, label("date_shifted", study.date))
    level.put("PresentationCreationTime", study.time)
    series = level.item("ReferencedSeriesSequence")
    series.uid("SeriesInstanceUID", study.uid_of("series", "MR"))
    reference = series.item("ReferencedImageSequence")
    reference.keep("ReferencedSOPClassUID", STORAGE + CLASSES["MR"])
    reference.uid("ReferencedSOPInstanceUID", study.made["MR"][0])
    level.keep("PresentationLUTShape", "IDENTITY")
    voi = level.item("SoftcopyVOILUTSequence")
    voi.keep("WindowCenter", 40)
    voi.keep("WindowWidth", 400)
    annotation = level.item("GraphicAnnotationSequence")
    annotation.put("GraphicLayer", "MARKS")
    annotation.item("TextObjectSequence").put("UnformattedTextValue", f"{study.subject.given} {study.subject.family}",
                                              removed(study.subject.given, *study.subject.family.split()))
    return level


def _structure_set(study, kind, number):
    level = _common(study, kind, number)
    level.put("StructureSetLabel", f"RT_{study.subject.family}", removed(study.subject.family), label("text_notnull"))
    level.date("StructureSetDate", study.date)
    level.keep("StructureSetTime", study.time)
    frame = level.item("ReferencedFrameOfReferenceSequence")
    frame.uid("FrameOfReferenceUID", study.uid_of("frame of reference"))
    series = frame.item("RTReferencedStudySequence").item("RTReferencedSeriesSequence")
    series.uid("SeriesInstanceUID", study.uid_of("series", "CT"))
    for made in study.made["CT"]:
        image = series.item("ContourImageSequence")
        image.keep("ReferencedSOPClassUID", STORAGE + CLASSES["CT"])
        image.uid("ReferencedSOPInstanceUID", made)
    region = level.item("StructureSetROISequence")
    region.keep("ROINumber", 1)
    region.uid("ReferencedFrameOfReferenceUID", study.uid_of("frame of reference"))
    region.put("ROIName", f"Liver of {study.subject.given}", removed(study.subject.given))
    contour = level.item("ROIContourSequence")
    contour.keep("ReferencedROINumber", 1)
    line = contour.item("ContourSequence")
    line.keep("ContourGeometricType", "CLOSED_PLANAR")
    line.keep("NumberOfContourPoints", 3)
    line.keep("ContourData", ["1.5", "2.5", "900", "4.5", "2.5", "900", "1.5", "6.25", "900"])
    observation = level.item("RTROIObservationsSequence")
    observation.put("ROIInterpreter", "Reviewska^Renata", removed("Reviewska"))
    return level


def _segmentation(study, kind, number):
    level = _common(study, kind, number)
    made = b"".join(_image(level, study, kind, number))
    level.put("PixelData", made)
    level.whole(label("pixels_retained", (hashlib.sha256(made).hexdigest(), 0)))
    level.keep("ContentLabel", "LIVER")
    level.put("ContentCreatorName", "Reviewska^Renata", removed("Reviewska"))
    level.uid("FrameOfReferenceUID", study.uid_of("frame of reference"))
    segment = level.item("SegmentSequence")
    segment.keep("SegmentNumber", 1)
    segment.put("SegmentLabel", "Liver", label("tag_retained"))
    segment.code("SegmentedPropertyTypeCodeSequence", "10200004", "SCT", "Liver")
    series = level.item("ReferencedSeriesSequence")
    series.uid("SeriesInstanceUID", study.uid_of("series", "CT"))
    source = level.item("SharedFunctionalGroupsSequence").item("DerivationImageSequence").item("SourceImageSequence")
    source.keep("ReferencedSOPClassUID", STORAGE + CLASSES["CT"])
    source.uid("ReferencedSOPInstanceUID", study.made["CT"][2])
    return level


_MADE_BY = {
    "enhanced CT": _enhanced, "SR text": _report, "SR measurements": _report, "KO": _key_object, "PR": _presentation_state,
    "RTSTRUCT": _structure_set, "SEG": _segmentation, **dict.fromkeys(BURNED_IN, _picture),
}


def instances_of(study):
    """All instances of the visit, those that refer behind those that are referred to."""
    for kind, count in COUNTS.items():
        for number in range(count):
            level = _MADE_BY.get(kind, _slice)(study, kind, number)
            instance = Instance(
                f"{study.subject.subject_id}-{study.visit}-{kind.replace(' ', '_')}-{number:02d}.dcm", kind, study.subject,
                study.maker.transfer_syntax, level)
            if kind == "US RLE":
                instance.transfer_syntax = RLE
                instance.coded_frames = [_rle(level.dataset["PixelData"])]
                level.dataset.remove("PixelData")
            if kind == "SC hint":
                instance.vetted = False
                level.checks[:] = [check for check in level.checks if check.action in PASS_WHEN_MISSING]
            yield instance
