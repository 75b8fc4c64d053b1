"""How scanners of five manufacturers fill the headers of CT, MR and PET series: spellings, optional attributes, private blocks.

The shapes follow published test images; every value that could name a person, a place or a device is invented. What a make
leaves out matters as much as what it writes: the labels call the rules that rest on it not determinable.
"""

from dataclasses import dataclass

from dicom_writer import private_block
from scanner_styles import STYLES


@dataclass(frozen=True)
class Make:
    """One manufacturer. `lossy_flag`, `burned_in_flag`: whether its headers say 00 and NO, or nothing."""

    name: str
    spelling: dict  # modality -> Manufacturer
    model: dict
    software: dict
    kernels: dict  # class -> spellings
    image_type: dict
    contrast_agent: str
    decimal: str  # of positions
    length: str  # of thickness and spacing
    first_number: int  # of the instances of a series
    lossy_flag: bool
    burned_in_flag: bool
    contrast_times: bool
    spacing_between_slices: object  # None: left out; else a factor on the true one
    pet_units: str
    private: object  # modality -> blocks ((group, creator, elements), ...)

    @property
    def style(self):
        """Where its CT stands, and in which transfer syntax and character set it writes."""
        return STYLES[self.name]


def _blocks(table):
    def add(dataset, modality):
        for group, creator, elements in table.get(modality, ()):
            private_block(dataset, group, creator, elements)

    return add


_MR_TYPE = ("ORIGINAL", "PRIMARY", "M", "NORM", "DIS3D", "DIS2D")
_PT_TYPE = ("ORIGINAL", "PRIMARY")

MAKES = {
    make.name: make
    for make in (
        Make(
            name="siemens",
            spelling={"CT": "SIEMENS", "MR": "Siemens Healthineers", "PT": "SIEMENS"},
            model={"CT": "SOMATOM Force", "MR": "MAGNETOM Vida", "PT": "Biograph128_mCT"},
            software={"CT": "syngo CT VB20A", "MR": "syngo MR XA31", "PT": "VG60A"},
            kernels={"soft": (("Br40d", "3"), ("I30f", "3"), ("B31f",)), "lung": (("Bl57d", "3"), ("B70f",)), "bone": (("Hr68h",),)},
            image_type={"CT": ("ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"), "MR": _MR_TYPE, "PT": _PT_TYPE},
            contrast_agent="APPLIED",
            decimal="{:.10f}",
            length="{:g}",
            first_number=1,
            lossy_flag=False,
            burned_in_flag=False,
            contrast_times=True,
            spacing_between_slices=None,
            pet_units="BQML",
            private=_blocks(
                {
                    "CT": ((0x0019, "SIEMENS CT VA0  COAD", ((0x92, "DS", "2.5"), (0x97, "DS", "0.6"))),),
                    "MR": ((0x0019, "SIEMENS MR HEADER", ((0x08, "CS", "IMAGE NUM 4"), (0x09, "LO", "1.0"))),),
                    "PT": ((0x0071, "SIEMENS MED PT", ((0x21, "UI", "2.25.7"),)),),
                }
            ),
        ),
        Make(
            name="ge",
            spelling={"CT": "GE MEDICAL SYSTEMS", "MR": "GE MEDICAL SYSTEMS", "PT": "GE MEDICAL SYSTEMS"},
            model={"CT": "Revolution CT", "MR": "SIGNA Premier", "PT": "Discovery MI"},
            software={"CT": "revo_ct_21b.34", "MR": ("29", "LX", "MR Software release:RX29.1"), "PT": "pet_coreload.48"},
            kernels={"soft": (("STANDARD",), ("SOFT",)), "lung": (("LUNG",), ("CHST",)), "bone": (("BONEPLUS",), ("EDGE",))},
            image_type={"CT": ("ORIGINAL", "PRIMARY", "AXIAL"), "MR": ("ORIGINAL", "PRIMARY", "OTHER"), "PT": _PT_TYPE},
            contrast_agent="OMNIPAQUE 350",
            decimal="{:.3f}",
            length="{:.6f}",
            first_number=1,
            lossy_flag=False,
            burned_in_flag=False,
            contrast_times=False,
            spacing_between_slices=None,
            pet_units="BQML",
            private=_blocks(
                {
                    "CT": ((0x0019, "GEMS_ACQU_01", ((0x23, "DS", "39.37"), (0x27, "DS", "0.8"))),),
                    "MR": ((0x0043, "GEMS_PARM_01", ((0x39, "IS", ("0", "8", "0", "0")),)),),
                    "PT": ((0x0009, "GEMS_PETD_01", ((0x01, "LO", "GEMS_PETD_01"),)),),
                }
            ),
        ),
        Make(
            name="philips",
            spelling={"CT": "Philips", "MR": "Philips Medical Systems", "PT": "Philips"},
            model={"CT": "IQon - Spectral CT", "MR": "Ingenia Elition X", "PT": "Vereos PET/CT"},
            software={"CT": "4.7.7", "MR": ("5.6.1", "5.6.1.0"), "PT": ("PET:VS2.0.1", "CT:4.1.10")},
            kernels={"soft": (("B",), ("YA",), ("C",)), "lung": (("YL",), ("L",)), "bone": (("YD",), ("E",))},
            image_type={"CT": ("ORIGINAL", "PRIMARY", "AXIAL", "HELIX"), "MR": ("ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"), "PT": _PT_TYPE},
            contrast_agent="CONTRAST",
            decimal="{:.4f}",
            length="{:.1f}",
            first_number=101,
            lossy_flag=True,
            burned_in_flag=False,
            contrast_times=False,
            spacing_between_slices=1,
            pet_units="CNTS",
            private=_blocks(
                {
                    "CT": ((0x01F1, "ELSCINT1", ((0x01, "CS", "HELIX"), (0x26, "DS", "1.0"))),),
                    "MR": ((0x2001, "Philips Imaging DD 001", ((0x08, "IS", "1"),)),),
                    # A factor from counts to SUV: without it counts are of no use.
                    "PT": ((0x7053, "Philips PET Private Group", ((0x00, "DS", "0.000312"), (0x09, "DS", "1.8714"))),),
                }
            ),
        ),
        Make(
            name="canon",
            spelling={"CT": "TOSHIBA", "MR": "CANON_MEC", "PT": "CANON_MEC"},
            model={"CT": "Aquilion ONE", "MR": "Vantage Galan 3T", "PT": "Cartesion Prime"},
            software={"CT": "V8.42ER004", "MR": "V6.0SP1003", "PT": "V10.15"},
            kernels={"soft": (("FC08",), ("FC18-H",)), "lung": (("FC52",), ("FC51",)), "bone": (("FC30",), ("FC81",))},
            image_type={"CT": ("ORIGINAL", "PRIMARY", "AXIAL"), "MR": ("ORIGINAL", "PRIMARY"), "PT": _PT_TYPE},
            contrast_agent="CE",
            decimal="{:.5f}",
            length="{:.2f}",
            first_number=1,
            lossy_flag=False,
            burned_in_flag=True,
            contrast_times=True,
            spacing_between_slices=0.5,  # half of the true distance: of the detector, not of the images
            pet_units="BQML",
            private=_blocks(
                {
                    "CT": ((0x7005, "TOSHIBA_MEC_CT3", ((0x08, "DS", "0.5"), (0x0B, "SH", "OPEN"))),),
                    "MR": ((0x700D, "TOSHIBA_MEC_MR3", ((0x05, "SH", "COIL"),)),),
                    "PT": ((0x7005, "TOSHIBA_MEC_CT3", ((0x08, "DS", "0.5"),)),),
                }
            ),
        ),
        Make(
            name="uih",
            spelling={"CT": "UIH", "MR": "UIH", "PT": "United Imaging Healthcare"},
            model={"CT": "uCT 760", "MR": "uMR 790", "PT": "uEXPLORER"},
            software={"CT": "R001.1.0.601201", "MR": "R002.4.0.712415", "PT": "R002.1.0.711224"},
            kernels={"soft": (("B_SOFT_B",), ("B_SOFT_C",)), "lung": (("B_SHARP_C",), ("C_LUNG_B",)), "bone": (("H_SHARP_C",),)},
            image_type={"CT": ("ORIGINAL", "PRIMARY", "AXIAL"), "MR": ("ORIGINAL", "PRIMARY", "M", "NONE"), "PT": _PT_TYPE},
            contrast_agent="碘海醇350",
            decimal="{:g}",
            length="{:g}",
            first_number=1,
            lossy_flag=True,
            burned_in_flag=True,
            contrast_times=True,
            spacing_between_slices=1,
            pet_units="BQML",
            private=_blocks(
                {
                    modality: ((0x0065, "Image Private Header", ((0x01, "LO", "UIH " + modality), (0x2F, "IS", "1"))),)
                    for modality in ("CT", "MR", "PT")
                }
            ),
        ),
    )
}
