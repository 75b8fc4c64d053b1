"""Defects of the header, with what must be found: name -> (edit, when it is made). `edit(series)` as in geometry_defects. Those of
FOLLOW_UP are made in the later of two studies of a subject, the rest in a baseline."""

from clean import set_contrast_start
from dicom_writer import Dataset
from expected import Expected, SILENCE, silence
from series import seconds_of, time_at

NO_FINDING = None
_CONTRAST = ("ContrastBolusAgent", "ContrastBolusRoute", "ContrastBolusVolume", "ContrastBolusStartTime")


def _set(found, **values):
    def edit(series):
        for keyword, value in values.items():
            if value is None:
                series.header.remove(keyword)
            else:
                series.header[keyword] = value
        return dict(found)

    return edit


def yes(rule):
    return {rule: Expected(text="^yes$")}


ANY_MODALITY = {
    "lossy": _set(yes("study/lossless"), LossyImageCompression="01"),
    "lossy_by_ratio_alone": _set(yes("study/lossless"), LossyImageCompression="00", LossyImageCompressionRatio="12.5"),
    "burned_in": _set(yes("study/no-burned-in-text"), BurnedInAnnotation="YES"),
    "flags_written": _set(
        {"study/lossless": NO_FINDING, "study/no-burned-in-text": NO_FINDING},
        LossyImageCompression="00",
        BurnedInAnnotation="NO",
    ),
    "flags_left_out": _set(silence("study/lossless", "study/no-burned-in-text"), LossyImageCompression=None, BurnedInAnnotation=None),
}


def _zoomed(series):
    series.field_of_view *= 0.8
    series.lay_out()
    found = {"same-field-of-view": Expected(number=series.field_of_view)}
    if series.modality == "MR":
        found["isotropic"] = Expected(number=1.25)
    return found


ANY_MODALITY_FOLLOW_UP = {
    "clean_follow_up": lambda series: {},
    "other_scanner": _set({"same-scanner": Expected(text="OTHER-1")}, DeviceSerialNumber="OTHER-1"),
    "same_station_serial_left_out": _set({}, DeviceSerialNumber=None),
    "other_station_serial_left_out": _set({"same-scanner": Expected(text="OTHER2")}, DeviceSerialNumber=None, StationName="OTHER2"),
    "scanner_not_named": _set(silence("same-scanner"), DeviceSerialNumber="", StationName=""),
    "other_software": _set({"same-software": Expected(text="9.9.9")}, SoftwareVersions="9.9.9"),
    "zoomed": _zoomed,
}


def _kernel(kind, found):
    def edit(series):
        series.header["ConvolutionKernel"] = series.make.kernels[kind][-1]
        return dict(found)

    return edit


def _contrast(found, **values):
    """Contrast attributes as given, all others of them left out."""

    def edit(series):
        for keyword in _CONTRAST:
            series.header.remove(keyword)
        for keyword, value in values.items():
            series.header[keyword] = value
        return {**silence("phase"), **found}

    return edit


def _contrast_start(seconds, found):
    def edit(series):
        set_contrast_start(series, seconds)
        return {"phase": NO_FINDING, **found}

    return edit


def _over_midnight(series):
    series.time = "000020"
    set_contrast_start(series, 70)
    return {"phase": NO_FINDING}


CT = {
    "lung_kernel": _kernel("lung", {"kernel": Expected(text="^lung$")}),
    "bone_kernel": _kernel("bone", {"kernel": Expected(text="^bone$")}),
    "other_soft_kernel": _kernel("soft", {}),
    "kernel_left_out": _set(silence("kernel"), ConvolutionKernel=None),
    "no_contrast": _contrast(silence("contrast")),
    "contrast_none": _contrast({"contrast": Expected(text="^no$")}, ContrastBolusAgent="NONE"),
    "contrast_oral_route": _contrast({"contrast": Expected(text="^no$")}, ContrastBolusAgent="GASTROGRAFIN", ContrastBolusRoute="ORAL"),
    "contrast_oral_agent": _contrast({"contrast": Expected(text="^no$")}, ContrastBolusAgent="Oral"),
    "contrast_carried_over": _contrast(silence("contrast"), ContrastBolusAgent="OMNIPAQUE 350", ContrastBolusRoute="IV", ContrastBolusVolume="0"),
    "contrast_none_with_volume": _contrast(silence("contrast"), ContrastBolusAgent="NONE", ContrastBolusVolume="95"),
    "arterial_phase": _contrast_start(25, {"phase": Expected(number=25)}),
    "late_phase": _contrast_start(200, {"phase": Expected(number=200)}),
    "portal_phase": _contrast_start(60, {}),
    "contrast_start_after_scan": _contrast_start(-900, silence("phase")),
    "contrast_start_unreadable": _set(silence("phase"), ContrastBolusStartTime="2510"),
    "contrast_over_midnight": _over_midnight,
}

CT_FOLLOW_UP = {
    "other_kvp": _set({"same-kvp": Expected(number=100)}, KVP="100"),
    "same_kvp_in_other_digits": _set({}, KVP="000120.0"),
    "kvp_left_out": _set(silence("same-kvp"), KVP=""),
}


def _written_before(series):
    series.time = "100000"
    if series.make.contrast_times:
        set_contrast_start(series, 300)
    return {"after-pre": Expected()}


MR = {
    "other_tr": _set({"same-tr": Expected(number=1900)}, RepetitionTime="1900"),
    "tr_within_tolerance": _set({}, RepetitionTime="2310"),
    "other_te": _set({"same-te": Expected(number=4.5)}, EchoTime="4.5"),
    "other_flip_angle": _set({"same-flip": Expected(number=12)}, FlipAngle="12"),
    "flip_angle_left_out": _set(silence("same-flip"), FlipAngle=None),
    "two_dimensional": _set({"three-dimensional": Expected(text="^2D$")}, MRAcquisitionType="2D"),
    "weak_field": _set({"field": Expected(number=0.35)}, MagneticFieldStrength="0.35"),
    "weak_field_in_gauss": _set({"field": Expected(number=0.5)}, MagneticFieldStrength="5000"),
    "field_left_out": _set(silence("field"), MagneticFieldStrength=""),
    "anisotropic": lambda series: _anisotropic(series),
    "after_before_pre": _written_before,
    "contrast_none": _set({"contrast": Expected(text="^no$")}, ContrastBolusAgent="NONE", ContrastBolusVolume=None, ContrastBolusStartTime=None),
}


def _anisotropic(series):
    series.field_of_view *= 0.5
    series.lay_out()
    return {"isotropic": Expected(number=2)}


def _administration(found, **values):
    def edit(series):
        (item,) = series.header["RadiopharmaceuticalInformationSequence"]
        item = item.copy()
        for keyword, value in values.items():
            if value is None:
                item.remove(keyword)
            else:
                item[keyword] = value
        series.header["RadiopharmaceuticalInformationSequence"] = [item]
        return dict(found)

    return edit


def no_suv(why):
    return {"suv": Expected(text="^no .*" + why)}


def injected(series, minutes):
    (item,) = series.header["RadiopharmaceuticalInformationSequence"]
    item = item.copy()
    at = seconds_of(series.time) - 60 * minutes
    if "RadiopharmaceuticalStartTime" in item:
        item["RadiopharmaceuticalStartTime"] = time_at(at)
    if "RadiopharmaceuticalStartDateTime" in item:
        day = int(series.header["StudyDate"]) - (1 if at < 0 else 0)
        item["RadiopharmaceuticalStartDateTime"] = str(day) + time_at(at)
    series.header["RadiopharmaceuticalInformationSequence"] = [item]


def _uptake(minutes, found):
    def edit(series):
        injected(series, minutes)
        return dict(found)

    return edit


def _uptake_over_midnight(series):
    series.time = "002000"
    injected(series, 60)
    return {}


def _series_time_of_the_workstation(series):
    """Post-processing that stamps the series with its own time: acquisition times still hold."""
    series.header["SeriesTime"] = "183000"
    return {}


def _activity(mbq, found, wrong_unit=False):
    """`wrong_unit`: MBq where Bq belong, and the other way round in enhanced instances."""

    def edit(series):
        in_mbq = series.enhanced != wrong_unit
        return _administration(found, RadionuclideTotalDose=f"{mbq:g}" if in_mbq else f"{mbq * 1e6:.0f}")(series)

    return edit


def _no_start(series):
    _administration({}, RadiopharmaceuticalStartTime=None, RadiopharmaceuticalStartDateTime=None)(series)
    return {**no_suv("time of injection"), **silence("uptake")}


def _counts(series):
    """Counts without the factor that turns them into activity."""
    series.header["Units"] = "PROPCNTS"
    for low in (0x00, 0x09):
        series.header._elements.pop(0x70531000 | low, None)
    return no_suv("[Uu]nits")


PT = {
    "not_attenuation_corrected": _set({"pet/required": Expected()}, CorrectedImage=("NORM", "DTIM", "DECY", "RAN")),
    "not_decay_corrected": _set(no_suv("decay"), DecayCorrection="NONE", CorrectedImage=("NORM", "ATTN")),
    "units_of_no_use": _counts,
    "late_uptake": _uptake(95, {"uptake": Expected(number=95)}),
    "early_uptake": _uptake(35, {"uptake": Expected(number=35)}),
    "uptake_over_midnight": _uptake_over_midnight,
    "series_time_of_workstation": _series_time_of_the_workstation,
    "injection_time_left_out": _no_start,
    "activity_in_wrong_unit": _activity(287.5, {**no_suv("wrong unit"), "activity": SILENCE}, wrong_unit=True),
    "activity_too_low": _activity(20, {"activity": Expected(number=20)}),
    "activity_too_high": _activity(1100, {"activity": Expected(number=1100)}),
    "activity_left_out": _administration({**no_suv("Dose"), "activity": SILENCE}, RadionuclideTotalDose=""),
    "weight_blank": _set(no_suv("Weight"), PatientWeight=""),
    "weight_zero": _set(no_suv("Weight"), PatientWeight="0"),
    "weight_in_grams": _set(no_suv("Weight"), PatientWeight="68500"),
    "wrong_half_life": _administration(no_suv("Half"), RadionuclideHalfLife="6000"),
    "half_life_of_another_spelling": _administration(
        {}, RadionuclideCodeSequence=[Dataset(CodeValue="77004003", CodingSchemeDesignator="SCT", CodeMeaning="^18^Fluorine")]
    ),
    "half_life_left_out": _administration(no_suv("Half"), RadionuclideHalfLife=None),
}

PT_FOLLOW_UP = {
    "uptake_unlike_baseline": _uptake(49, {"uptake": Expected(number=49), "uptake-as-baseline": Expected(number=49)}),
}

DEFECTS = {"CT": {**ANY_MODALITY, **CT}, "MR": {**ANY_MODALITY, **MR}, "PT": {**ANY_MODALITY, **PT}}
FOLLOW_UP = {
    "CT": {**ANY_MODALITY_FOLLOW_UP, **CT_FOLLOW_UP},
    "MR": ANY_MODALITY_FOLLOW_UP,
    "PT": {**ANY_MODALITY_FOLLOW_UP, **PT_FOLLOW_UP},
}
