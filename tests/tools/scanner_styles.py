"""How the CT scanners of five manufacturers fill their headers: spelling, optional attributes, private blocks.

Shapes follow headers of published test images; every value that could name a person, a place or a device is invented.
"""

from dataclasses import dataclass

from dicom_writer import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, private_block


@dataclass(frozen=True)
class ScannerStyle:
    """What is the same in every image of one make of scanner."""

    manufacturer: str
    model: str
    software: object
    serial_number: str
    station_name: str
    institution: str
    address: str
    charset: str
    transfer_syntax: str
    axial_image_type: tuple
    localizer_image_type: tuple
    kernel: object
    contrast_agent: str
    filter_type: str
    rescale_intercept: int
    pixel_minimum: int  # negative: signed pixels
    decimal_format: str  # of positions, in millimetres
    series_description: str  # of a portal-venous series
    writes_spacing_between_slices: bool
    writes_contrast_times: bool
    private: object  # function(dataset, study, slice): adds the private blocks


def _siemens_private(dataset, study, slice_index):
    private_block(
        dataset,
        0x0009,
        "SIEMENS CT VA1 DUMMY",
        ((0x10, "LO", study.patient.name), (0x12, "LO", study.accession_number)),
    )
    private_block(dataset, 0x0019, "SIEMENS CT VA0  COAD", ((0x92, "DS", "2.5"), (0x97, "DS", "0.6")))
    private_block(
        dataset,
        0x0029,
        "SIEMENS CSA HEADER",
        ((0x08, "CS", "IMAGE NUM 4"), (0x09, "LO", study.date), (0x10, "OB", b"SV10" + bytes(60))),
    )


def _ge_private(dataset, study, slice_index):
    private_block(
        dataset,
        0x0009,
        "GEMS_IDEN_01",
        ((0x01, "LO", "CT_LIGHTSPEED"), (0x02, "SH", study.style.station_name), (0x04, "SH", study.style.model)),
    )
    private_block(dataset, 0x0019, "GEMS_ACQU_01", ((0x02, "SL", 912), (0x23, "DS", "39.37"), (0x27, "DS", "0.8")))
    private_block(
        dataset,
        0x0043,
        "GEMS_PARM_01",
        ((0x10, "US", 400), (0x27, "SH", "/1.375:1"), (0x28, "OB", study.patient.name.encode("latin-1"))),
    )


def _philips_private(dataset, study, slice_index):
    private_block(
        dataset, 0x00E1, "ELSCINT1", ((0x01, "US", 1), (0x40, "SH", study.patient.patient_id[:16]), (0x50, "DS", "0.9"))
    )
    private_block(dataset, 0x01F1, "ELSCINT1", ((0x01, "CS", "HELIX"), (0x26, "DS", "1.0"), (0x32, "CS", "P")))


def _canon_private(dataset, study, slice_index):
    private_block(
        dataset,
        0x7005,
        "TOSHIBA_MEC_CT3",
        ((0x08, "DS", "0.5"), (0x0B, "SH", "OPEN"), (0x0E, "SH", study.accession_number)),
    )


def _uih_private(dataset, study, slice_index):
    private_block(
        dataset,
        0x0065,
        "Image Private Header",
        ((0x01, "LO", "UIH CT"), (0x21, "LT", study.patient.name), (0x2F, "IS", slice_index + 1)),
    )


STYLES = {
    "siemens": ScannerStyle(
        manufacturer="SIEMENS",
        model="SOMATOM Definition AS+",
        software="syngo CT VA48A",
        serial_number="SYN-65432",
        station_name="SYNCTAWP01",
        institution="Synthetic University Hospital",
        address="1 Example Street, Sampletown, District, ZZ",
        charset="ISO_IR 100",
        transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN,
        axial_image_type=("ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"),
        localizer_image_type=("ORIGINAL", "PRIMARY", "LOCALIZER", "CT_SOM5 TOP"),
        kernel=("I30f", "3"),
        contrast_agent="APPLIED",
        filter_type="FLAT",
        rescale_intercept=-1024,
        pixel_minimum=0,
        decimal_format="{:.6f}",
        series_description="CAP pv  5.0  I30f  3",
        writes_spacing_between_slices=False,
        writes_contrast_times=True,
        private=_siemens_private,
    ),
    "ge": ScannerStyle(
        manufacturer="GE MEDICAL SYSTEMS",
        model="Revolution CT",
        software="revo_ct_21b.34",
        serial_number="SYN-GE-70011",
        station_name="synct99",
        institution="Synthetic Regional Hospital",
        address="22 Placeholder Avenue, Sampletown",
        charset="ISO_IR 100",
        transfer_syntax=IMPLICIT_VR_LITTLE_ENDIAN,
        axial_image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        localizer_image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"),
        kernel="STANDARD",
        contrast_agent="OMNIPAQUE 350",
        filter_type="BODY FILTER",
        rescale_intercept=-1024,
        pixel_minimum=-1024,
        decimal_format="{:.3f}",
        series_description="Portal Venous 5mm",
        writes_spacing_between_slices=False,
        writes_contrast_times=False,
        private=_ge_private,
    ),
    "philips": ScannerStyle(
        manufacturer="Philips",
        model="Brilliance 64",
        software="4.1.6",
        serial_number="SYN-9107",
        station_name="SYN-PHCT1",
        institution="Synthetic City Clinic",
        address="3 Nowhere Square, Sampletown",
        charset="ISO_IR 100",
        transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN,
        axial_image_type=("ORIGINAL", "PRIMARY", "AXIAL", "HELIX"),
        localizer_image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"),
        kernel="B",
        contrast_agent="CONTRAST",
        filter_type="B",
        rescale_intercept=-1024,
        pixel_minimum=0,
        decimal_format="{:.1f}",
        series_description="Venous Abdomen CAP",
        writes_spacing_between_slices=True,
        writes_contrast_times=False,
        private=_philips_private,
    ),
    "canon": ScannerStyle(
        manufacturer="TOSHIBA",
        model="Aquilion ONE",
        software="V7.00ER010",
        serial_number="SYN-1CD1234567",
        station_name="SYN_ID_STATION",
        institution="Synthetic Oncology Centre",
        address="4 Placeholder Road, Sampletown",
        charset="ISO_IR 100",
        transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN,
        axial_image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        localizer_image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"),
        kernel="FC08",
        contrast_agent="CE",
        filter_type="LARGE",
        rescale_intercept=0,
        pixel_minimum=-1024,
        decimal_format="{:.5f}",
        series_description="CAP Portal 5.0",
        writes_spacing_between_slices=False,
        writes_contrast_times=True,
        private=_canon_private,
    ),
    "uih": ScannerStyle(
        manufacturer="UIH",
        model="uCT 760",
        software="R001.1.0.601201",
        serial_number="SYN-200031",
        station_name="SYNUIHCT",
        institution="合成示范医院",
        address="示例市样本路5号",
        charset="GB18030",
        transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN,
        axial_image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        localizer_image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"),
        kernel="B_SOFT_B",
        contrast_agent="碘海醇350",
        filter_type="NONE",
        rescale_intercept=-1024,
        pixel_minimum=0,
        decimal_format="{:g}",
        series_description="胸腹盆 门静脉期 5mm",
        writes_spacing_between_slices=True,
        writes_contrast_times=True,
        private=_uih_private,
    ),
}
