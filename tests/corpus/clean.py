"""Series and studies without a defect, and which rules their makes leave without an answer."""

from dicom_writer import Dataset, uid
from series import SLICES, Series, seconds_of, time_at

BASELINE = "20260302"
FOLLOW_UP = "20260421"  # day 42 of a first dose on 20260310
FIRST_DOSE = "2026-03-10"

_SPACING = {"CT": 5.0, "MR": 1.0, "PT": 3.0}
_FIELD_OF_VIEW = {"CT": 380.0, "MR": 4.0, "PT": 16.0}
PROPERTIES = {"CT": "ct", "MR": "t1-post", "PT": "pet"}  # slot that a defect is made in


def _equipment(make, modality):
    style = make.style
    dataset = Dataset(
        SpecificCharacterSet=style.charset,
        Manufacturer=make.spelling[modality],
        ManufacturerModelName=make.model[modality],
        SoftwareVersions=make.software[modality],
        DeviceSerialNumber=style.serial_number,
        StationName=style.station_name,
        InstitutionName=style.institution,
        InstitutionAddress=style.address,
    )
    if make.lossy_flag:
        dataset["LossyImageCompression"] = "00"
    if make.burned_in_flag:
        dataset["BurnedInAnnotation"] = "NO"
    return dataset


def _header(make, modality, patient_id, study, date, time, number):
    dataset = _equipment(make, modality)
    dataset.update(
        Dataset(
            ImageType=make.image_type[modality],
            Modality=modality,
            PatientID=patient_id,
            PatientName="Corpus^" + patient_id,
            PatientBirthDate="19500101",
            PatientSex="F",
            PatientWeight="68.5",
            StudyInstanceUID=uid("corpus study", study),
            StudyDate=date,
            StudyTime="090000",
            SeriesDate=date,
            AcquisitionDate=date,
            ContentDate=date,
            SeriesTime=time,
            SeriesNumber=number,
            AcquisitionNumber=1,
            FrameOfReferenceUID=uid("corpus frame of reference", study),
            SamplesPerPixel=1,
            PhotometricInterpretation="MONOCHROME2",
            Rows=4,
            Columns=4,
            BitsAllocated=16,
            BitsStored=12,
            HighBit=11,
            PixelRepresentation=0,
            RescaleIntercept="0",
            RescaleSlope="1",
        )
    )
    make.private(dataset, modality)
    return dataset


def give_contrast(series, seconds_before):
    """As a technician enters it, with the times that the make writes."""
    series.header["ContrastBolusAgent"] = series.make.contrast_agent
    series.header["ContrastBolusRoute"] = "IV"
    series.header["ContrastBolusVolume"] = "95"
    if series.make.contrast_times:
        set_contrast_start(series, seconds_before)


def set_contrast_start(series, seconds_before):
    series.header["ContrastBolusStartTime"] = time_at(seconds_of(series.time) - seconds_before)


def _ct(header, make):
    header.update(
        Dataset(
            KVP="120",
            ReconstructionDiameter="380",
            GantryDetectorTilt="0",
            ConvolutionKernel=make.kernels["soft"][0],
        )
    )


def _mr(header, make):
    header.update(
        Dataset(
            ScanningSequence=("GR", "IR") if make.name != "ge" else "GR",
            SequenceVariant=("SP", "MP"),
            MRAcquisitionType="3D",
            MagneticFieldStrength="15000" if make.name == "philips" else "1.5" if make.name == "canon" else "3",
            RepetitionTime="2300",
            EchoTime="2.98",
            InversionTime="900",
            FlipAngle="9",
        )
    )


def _pt(header, make, time, enhanced):
    activity = 287.5
    injected = time_at(seconds_of(time) - 3600)
    dose = Dataset(
        RadionuclideTotalDose=f"{activity:g}" if enhanced else f"{activity * 1e6:.0f}",
        RadionuclideHalfLife="6586.2" if make.name != "ge" else "6588",
        RadionuclideCodeSequence=[
            Dataset(CodeValue="C-111A1", CodingSchemeDesignator="SRT", CodeMeaning="^18^Fluorine")
        ],
    )
    if enhanced or make.name == "siemens":
        dose["RadiopharmaceuticalStartDateTime"] = header["StudyDate"] + injected + ".00"
    if not enhanced:
        dose["RadiopharmaceuticalStartTime"] = injected + (".000000" if make.name == "siemens" else "")
    header.update(
        Dataset(
            Units=make.pet_units,
            DecayCorrection="ADMIN" if make.name == "ge" else "START",
            CorrectedImage=("NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN") if make.name != "ge" else ("DECY", "ATTN", "SCAT", "DTIM"),
            RadiopharmaceuticalInformationSequence=[dose],
        )
    )


def _series(name, make, modality, enhanced, patient_id, study, date, time, number):
    header = _header(make, modality, patient_id, study, date, time, number)
    spacing = _SPACING[modality]
    series = Series(
        name,
        make,
        modality,
        enhanced,
        header,
        spacing,
        make.length.format(spacing),
        _FIELD_OF_VIEW[modality],
        time,
        [],
        make.spacing_between_slices,
    )
    series.lay_out(SLICES)
    return series


def clean_study(name, make, modality, enhanced, patient_id, date):
    """The series of one study; the last is the one that defects are made in."""
    study = name + date

    def made(label, time, number):
        return _series(study + label, make, modality, enhanced, patient_id, study, date, time, number)

    if modality == "CT":
        series = made("ct", "101532", 2)
        _ct(series.header, make)
        give_contrast(series, 70)
        return [series]
    if modality == "MR":
        before, after = made("pre", "101000", 3), made("post", "103000", 7)
        for series in (before, after):
            _mr(series.header, make)
        give_contrast(after, 300)
        return [before, after]
    series = made("pet", "111500", 4)
    _pt(series.header, make, "111500", enhanced)
    return [series]


def silent_rules(make, modality):
    """Rules that a clean header of this make leaves without an answer."""
    silent = set()
    if not make.lossy_flag:
        silent.add("study/lossless")
    if not make.burned_in_flag:
        silent.add("study/no-burned-in-text")
    if modality == "CT" and not make.contrast_times:
        silent.add("ct/phase")
    return silent
