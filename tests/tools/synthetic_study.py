"""Synthesises imaging studies with complete headers and known defects, each carrying its label.

A `StudyPlan` says whose study it is and when and where it was made; each of its `SeriesPlan`s says what to image and what to get
wrong. A further modality is one more entry of `_INSTANCE_BUILDERS`, a further defect one more entry of `GEOMETRY_DEFECTS` or of
`HEADER_DEFECTS`. The same plan always gives the same bytes.
"""

import math
import random
from dataclasses import dataclass, field, replace

import phantom
from dicom_writer import CT_IMAGE_STORAGE, Dataset, encode_file, uid
from scanner_styles import ScannerStyle


@dataclass(frozen=True)
class Patient:
    """A person who does not exist."""

    name: str
    patient_id: str
    birth_date: str = "19560217"
    sex: str = "F"
    weight_kg: str = "68.5"
    other_ids: str = ""
    address: str = "7 Invented Lane, Sampletown"
    telephone: str = "+00-555-0100-7788"


@dataclass(frozen=True)
class Defect:
    """A labelled departure from a clean series. `amount`: millimetres, degrees or a count, as the kind says."""

    kind: str
    amount: float = 0


@dataclass(frozen=True)
class SeriesPlan:
    """One series. Lengths in millimetres. `defects` are applied in their order."""

    number: int = 2
    modality: str = "CT"
    kind: str = "axial"  # or "localizer"
    slices: int = 24
    thickness: float = 5.0
    spacing: float = 5.0
    size: int = 128
    field_of_view: float = 380.0
    contrast: bool = True
    description: str = ""
    defects: tuple = ()


@dataclass(frozen=True)
class StudyPlan:
    """One study of one patient on one scanner. `date` as DA, `time` as TM without a fraction."""

    patient: Patient
    style: ScannerStyle
    date: str
    time: str = "101532"
    accession_number: str = ""
    description: str = "CT Chest/Abdomen/Pelvis"
    physician: str = "SYNTHETIC^REFERRER"
    operator: str = "SYNTHETIC^OPERATOR"
    series: tuple = (SeriesPlan(),)
    seed: str = ""

    @property
    def study_uid(self):
        return uid("study", self.patient.patient_id, self.style.serial_number, self.date, self.time, self.seed)


@dataclass
class Slice:
    """Where one image lies: position and direction cosines as in PS3.3 C.7.6.2.1.1, in millimetres."""

    index: int
    number: int
    position: list
    orientation: list = field(default_factory=lambda: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    acquisition: int = 1


@dataclass
class Instance:
    """One synthesised instance."""

    dataset: Dataset
    transfer_syntax: str
    series_number: int

    @property
    def sop_instance_uid(self):
        return self.dataset["SOPInstanceUID"]

    def encode(self):
        return encode_file(self.dataset, self.transfer_syntax)


@dataclass
class Study:
    """A synthesised study and what is wrong with it: `labels` = {series number: (defect kind, ...)}."""

    plan: StudyPlan
    instances: list
    labels: dict


# --- defects of the geometry: function(slices, amount, plan) -> slices


def _missing(slices, amount, plan):
    """Takes `amount` neighbouring slices out of the middle."""
    middle = len(slices) // 2
    return slices[:middle] + slices[middle + int(amount) :]


def _gap(slices, amount, plan):
    """Opens one gap of `amount` mm in the middle: no slice is lost, coverage grows."""
    for piece in slices[len(slices) // 2 :]:
        piece.position[2] -= amount
    return slices


def _duplicate(slices, amount, plan):
    """Images `amount` positions twice, as instances of their own."""
    twins = [
        replace(piece, index=1000 + piece.index, number=len(slices) + 1 + at, position=list(piece.position))
        for at, piece in enumerate(slices[3 : 3 + int(amount)])
    ]
    return slices + twins


def _tilt(slices, amount, plan):
    """Tilts the gantry by `amount` degrees: the planes turn, the table still moves along z."""
    angle = math.radians(amount)
    for piece in slices:
        piece.orientation = [1.0, 0.0, 0.0, 0.0, math.cos(angle), math.sin(angle)]
    return slices


def _flipped(slices, amount, plan):
    """Numbers the instances from feet to head. Legal: geometry, not numbering, gives the order."""
    for piece in slices:
        piece.number = len(slices) + 1 - piece.number
    return slices


def _mixed_orientation(slices, amount, plan):
    """Turns `amount` slices into coronal ones within the same series."""
    for piece in slices[: int(amount)]:
        piece.orientation = [1.0, 0.0, 0.0, 0.0, 0.0, -1.0]
    return slices


def _short_coverage(slices, amount, plan):
    """Ends the series `amount` slices early."""
    return slices[: len(slices) - int(amount)]


GEOMETRY_DEFECTS = {
    "missing": _missing,
    "gap": _gap,
    "duplicate": _duplicate,
    "tilt": _tilt,
    "flipped": _flipped,
    "mixed_orientation": _mixed_orientation,
    "short_coverage": _short_coverage,
}


# --- defects of the header: function(dataset, amount, plan)


def _no_contrast(dataset, amount, plan):
    for keyword in (
        "ContrastBolusAgent",
        "ContrastBolusRoute",
        "ContrastBolusVolume",
        "ContrastBolusStartTime",
        "ContrastFlowRate",
    ):
        dataset.remove(keyword)


def _set(**attributes):
    def apply(dataset, amount, plan):
        for keyword, value in attributes.items():
            dataset[keyword] = value

    return apply


def _thick(dataset, amount, plan):
    dataset["SliceThickness"] = f"{amount:g}"


HEADER_DEFECTS = {
    "no_contrast": _no_contrast,
    "thick_header": _thick,
    "wrong_kernel": _set(ConvolutionKernel="B70f"),
    "lossy": _set(LossyImageCompression="01"),
    "burned_in": _set(BurnedInAnnotation="YES"),
    "thickness_empty": _set(SliceThickness=""),
    "name_in_comments": lambda dataset, amount, plan: dataset.__setitem__(
        "ImageComments", f"Seen by {plan.patient.name}"
    ),
}


def _time_after(time, seconds):
    total = int(time[0:2]) * 3600 + int(time[2:4]) * 60 + int(time[4:6]) + int(seconds)
    return f"{total // 3600 % 24:02d}{total // 60 % 60:02d}{total % 60:02d}"


def _age(birth_date, date):
    years = int(date[:4]) - int(birth_date[:4]) - (date[4:] < birth_date[4:])
    return f"{years:03d}Y"


def _common(plan, series, series_uid, modality):
    """Patient, General Study, General Series and General Equipment modules (PS3.3 C.7.1 to C.7.5)."""
    style, patient = plan.style, plan.patient
    started = _time_after(plan.time, 40 * series.number)
    return Dataset(
        SpecificCharacterSet=style.charset,
        InstanceCreationDate=plan.date,
        StudyDate=plan.date,
        SeriesDate=plan.date,
        AcquisitionDate=plan.date,
        ContentDate=plan.date,
        StudyTime=plan.time,
        SeriesTime=started,
        AccessionNumber=plan.accession_number,
        Modality=modality,
        Manufacturer=style.manufacturer,
        InstitutionName=style.institution,
        InstitutionAddress=style.address,
        ReferringPhysicianName=plan.physician,
        StationName=style.station_name,
        StudyDescription=plan.description,
        InstitutionalDepartmentName="Radiology",
        OperatorsName=plan.operator,
        ManufacturerModelName=style.model,
        PatientName=patient.name,
        PatientID=patient.patient_id,
        PatientBirthDate=patient.birth_date,
        PatientSex=patient.sex,
        OtherPatientIDs=patient.other_ids or f"ALT-{patient.patient_id}",
        PatientAge=_age(patient.birth_date, plan.date),
        PatientWeight=patient.weight_kg,
        PatientAddress=patient.address,
        PatientTelephoneNumbers=patient.telephone[:16],
        DeviceSerialNumber=style.serial_number,
        SoftwareVersions=style.software,
        StudyInstanceUID=plan.study_uid,
        SeriesInstanceUID=series_uid,
        StudyID=plan.accession_number[-4:],
        SeriesNumber=series.number,
        PerformedProcedureStepStartDate=plan.date,
        PerformedProcedureStepStartTime=plan.time,
        PerformedProcedureStepID="PPS" + plan.accession_number[-8:],
        RequestAttributesSequence=[
            Dataset(
                RequestedProcedureDescription=plan.description,
                ScheduledProcedureStepID="SPS1",
                RequestedProcedureID=plan.accession_number,
            )
        ],
    )


def _ct_acquisition(plan, series):
    """CT Image module (PS3.3 C.8.2.1) without the pixels."""
    style = plan.style
    dataset = Dataset(
        BodyPartExamined="CHEST",
        ScanOptions="HELICAL MODE" if style.manufacturer.startswith("GE") else "HELIX",
        KVP="120",
        DataCollectionDiameter="500",
        ProtocolName="CAP_contrast",
        ReconstructionDiameter=f"{series.field_of_view:g}",
        DistanceSourceToDetector="1085.6",
        DistanceSourceToPatient="595",
        GantryDetectorTilt="0",
        TableHeight="152",
        RotationDirection="CW",
        ExposureTime="500",
        XRayTubeCurrent="280",
        Exposure="140",
        FilterType=style.filter_type,
        GeneratorPower="34",
        FocalSpots="1.2",
        ConvolutionKernel=style.kernel,
        PatientPosition="HFS",
        SpiralPitchFactor=0.984,
    )
    if series.contrast:
        dataset["ContrastBolusAgent"] = style.contrast_agent
        dataset["ContrastBolusRoute"] = "IV"
        dataset["ContrastBolusVolume"] = "95"
        dataset["ContrastFlowRate"] = "3"
        if style.writes_contrast_times:
            dataset["ContrastBolusStartTime"] = _time_after(plan.time, 40 * series.number - 70)
    return dataset


def _pixels(plan, series, piece):
    """Image Pixel and VOI LUT modules (PS3.3 C.7.6.3, C.11.2)."""
    style = plan.style
    level = min(max(piece.index % 1000 / max(series.slices - 1, 1), 0.0), 1.0)
    values = phantom.slice_values(
        series.size, level, series.contrast, sum(plan.patient.patient_id.encode()) + piece.index
    )
    spacing = f"{series.field_of_view / series.size:g}"
    return Dataset(
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=series.size,
        Columns=series.size,
        PixelSpacing=(spacing, spacing),
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=1 if style.pixel_minimum < 0 else 0,
        WindowCenter="50",
        WindowWidth="350",
        RescaleIntercept=str(style.rescale_intercept),
        RescaleSlope="1",
        RescaleType="HU",
        PixelData=phantom.stored_pixels(values, style.rescale_intercept, style.pixel_minimum),
    )


def _ct_instance(plan, series, piece, series_uid, frame_of_reference):
    style = plan.style
    localizer = series.kind == "localizer"
    decimal = style.decimal_format.format
    dataset = _common(plan, series, series_uid, "CT")
    dataset.update(_ct_acquisition(plan, series))
    dataset.update(_pixels(plan, series, piece))
    acquired = _time_after(plan.time, 40 * series.number + piece.index % 1000 // 4)
    for keyword, value in (
        ("ImageType", style.localizer_image_type if localizer else style.axial_image_type),
        ("SOPClassUID", CT_IMAGE_STORAGE),
        ("SOPInstanceUID", uid("instance", series_uid, piece.index)),
        ("AcquisitionTime", acquired),
        ("ContentTime", acquired),
        ("InstanceCreationTime", acquired),
        ("SeriesDescription", series.description or ("Topogram" if localizer else style.series_description)),
        ("SliceThickness", f"{series.thickness:g}"),
        ("AcquisitionNumber", piece.acquisition),
        ("InstanceNumber", piece.number),
        ("ImagePositionPatient", [decimal(value) for value in piece.position]),
        ("ImageOrientationPatient", [f"{value:g}" for value in piece.orientation]),
        ("FrameOfReferenceUID", frame_of_reference),
        ("PositionReferenceIndicator", ""),
        ("SliceLocation", decimal(piece.position[2])),
    ):
        dataset[keyword] = value
    if localizer:
        dataset.remove("RescaleType")
    elif style.writes_spacing_between_slices:
        dataset["SpacingBetweenSlices"] = f"{series.spacing:g}"
    style.private(dataset, plan, piece.index)
    return dataset


_INSTANCE_BUILDERS = {"CT": _ct_instance}


def _slices(series):
    corner = -series.field_of_view / 2
    if series.kind == "localizer":
        return [Slice(0, 1, [corner, 0.0, series.field_of_view / 2], [1.0, 0.0, 0.0, 0.0, 0.0, -1.0])]
    return [Slice(at, at + 1, [corner, corner, 1480.0 - at * series.spacing]) for at in range(series.slices)]


def _synthesise_series(plan, series):
    series_uid = uid("series", plan.study_uid, series.number)
    frame_of_reference = uid("frame of reference", plan.study_uid)
    slices = _slices(series)
    for defect in series.defects:
        if defect.kind in GEOMETRY_DEFECTS:
            slices = GEOMETRY_DEFECTS[defect.kind](slices, defect.amount, series)
    instances = []
    for piece in slices:
        dataset = _INSTANCE_BUILDERS[series.modality](plan, series, piece, series_uid, frame_of_reference)
        for defect in series.defects:
            if defect.kind in HEADER_DEFECTS:
                HEADER_DEFECTS[defect.kind](dataset, defect.amount, plan)
            elif defect.kind not in GEOMETRY_DEFECTS:
                raise ValueError(f"unknown defect: {defect.kind}")
        instances.append(Instance(dataset, plan.style.transfer_syntax, series.number))
    return instances


def synthesise(plan):
    """All instances of `plan`, in the order in which a scanner would send them. ValueError: a defect that does not exist."""
    instances, labels = [], {}
    for series in plan.series:
        instances += _synthesise_series(plan, series)
        labels[series.number] = tuple(defect.kind for defect in series.defects)
    return Study(plan, instances, labels)


def with_other_bytes(instance):
    """The same SOP Instance UID with different pixels, as a workstation that edits in place sends it."""
    twin = Instance(instance.dataset.copy(), instance.transfer_syntax, instance.series_number)
    pixels = bytearray(twin.dataset["PixelData"])
    for at in range(0, min(len(pixels), 512), 2):
        pixels[at] ^= 0x01
    twin.dataset["PixelData"] = bytes(pixels)
    return twin


def shuffled(study, seed=1):
    """The instances in another order, as parallel senders deliver them."""
    order = list(study.instances)
    random.Random(seed).shuffle(order)
    return order
