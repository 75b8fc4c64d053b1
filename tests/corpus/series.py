"""Series with little pixel data, as single-frame instances or as one enhanced multi-frame instance.

A `Series` is a header that all slices share, and its slices; a defect edits either. `encoded()` gives the instances.
"""

from dataclasses import dataclass, field

from dicom_writer import Dataset, encode_file, uid

SOP_CLASSES = {
    ("CT", False): "1.2.840.10008.5.1.4.1.1.2",
    ("MR", False): "1.2.840.10008.5.1.4.1.1.4",
    ("PT", False): "1.2.840.10008.5.1.4.1.1.128",
    ("CT", True): "1.2.840.10008.5.1.4.1.1.2.1",
    ("MR", True): "1.2.840.10008.5.1.4.1.1.4.1",
    ("PT", True): "1.2.840.10008.5.1.4.1.1.130",
}
MATRIX = 4
SLICES = 12
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

# Attributes of a classic header that an enhanced one keeps in a functional group: keyword -> (macro, keyword in it).
_SHARED_GROUPS = {
    "ConvolutionKernel": ("CTReconstructionSequence", "ConvolutionKernel"),
    "ReconstructionDiameter": ("CTReconstructionSequence", "ReconstructionDiameter"),
    "KVP": ("CTXRayDetailsSequence", "KVP"),
    "GantryDetectorTilt": ("CTAcquisitionDetailsSequence", "GantryDetectorTilt"),
    "RepetitionTime": ("MRTimingAndRelatedParametersSequence", "RepetitionTime"),
    "FlipAngle": ("MRTimingAndRelatedParametersSequence", "FlipAngle"),
    "EchoTime": ("MREchoSequence", "EffectiveEchoTime"),
    "InversionTime": ("MRModifierSequence", "InversionTimes"),
}
_FRAME_TYPES = {"CT": "CTImageFrameTypeSequence", "MR": "MRImageFrameTypeSequence", "PT": "PETFrameTypeSequence"}
# What the enhanced IODs do not have, or say in another way.
_CLASSIC_ONLY = (
    "AcquisitionDate",
    "AcquisitionTime",
    "ContrastBolusAgent",
    "ContrastBolusRoute",
    "ContrastBolusVolume",
    "ContrastBolusStartTime",
    "ScanningSequence",
    "SequenceVariant",
    "Units",
    "DecayCorrection",
    "CorrectedImage",
)


def seconds_of(time):
    return int(time[:2]) * 3600 + int(time[2:4]) * 60 + int(time[4:6])


def time_at(seconds):
    """TM of a number of seconds after (or before) some midnight."""
    seconds = int(seconds) % 86400
    return f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}"


@dataclass
class Slice:
    """One image: position in mm (None: not written) and what its header says differently from the series."""

    position: tuple
    number: int
    orientation: tuple = AXIAL
    own: dict = field(default_factory=dict)


@dataclass
class Series:
    """`spacing`, `thickness` and `field_of_view` in mm; `time` (TM) is that of the first slice."""

    name: str
    make: object
    modality: str
    enhanced: bool
    header: Dataset
    spacing: float
    thickness: str
    field_of_view: float
    time: str
    slices: list
    writes_spacing: object = None

    @property
    def series_uid(self):
        return uid("corpus series", self.name)

    def instance_uid(self, piece):
        """SOP Instance UID of a slice; all slices of an enhanced series share one."""
        at = 0 if self.enhanced else next(at for at, other in enumerate(self.slices) if other is piece)
        return uid("corpus instance", self.name, at)

    def lay_out(self, count=SLICES, spacing=None):
        """Places `count` slices from head to feet."""
        self.spacing = self.spacing if spacing is None else spacing
        half = self.field_of_view / 2
        self.slices = [
            Slice((-half, -half, 900.0 - at * self.spacing), self.make.first_number + at) for at in range(count)
        ]

    def encoded(self):
        """The Part 10 files."""
        datasets = [self._enhanced()] if self.enhanced else [self._classic(at, s) for at, s in enumerate(self.slices)]
        return [encode_file(dataset, self.make.style.transfer_syntax) for dataset in datasets]

    def _position(self, piece):
        return [self.make.decimal.format(value) for value in piece.position]

    def _orientation(self, piece):
        return [f"{value:.6g}" for value in piece.orientation]

    def _pixel_spacing(self):
        return (f"{self.field_of_view / MATRIX:g}",) * 2

    def _common(self, at, frames):
        dataset = self.header.copy()
        dataset["SOPClassUID"] = SOP_CLASSES[self.modality, self.enhanced]
        dataset["SOPInstanceUID"] = uid("corpus instance", self.name, at)
        dataset["SeriesInstanceUID"] = self.series_uid
        dataset["PixelData"] = bytes(2 * MATRIX * MATRIX * frames)
        return dataset

    def _classic(self, at, piece):
        dataset = self._common(at, 1)
        dataset["InstanceNumber"] = piece.number
        dataset["AcquisitionTime"] = time_at(seconds_of(self.time) + at // 4)
        dataset["SliceThickness"] = self.thickness
        dataset["PixelSpacing"] = self._pixel_spacing()
        dataset["ImageOrientationPatient"] = self._orientation(piece)
        if piece.position is not None:
            dataset["ImagePositionPatient"] = self._position(piece)
            dataset["SliceLocation"] = f"{piece.position[2]:g}"
        if self.writes_spacing is not None:
            dataset["SpacingBetweenSlices"] = f"{self.spacing * self.writes_spacing:g}"
        for keyword, value in piece.own.items():
            if value is None:
                dataset.remove(keyword)
            else:
                dataset[keyword] = value
        return dataset

    def _enhanced(self):
        dataset = self._common(0, len(self.slices))
        dataset["NumberOfFrames"] = len(self.slices)
        dataset["InstanceNumber"] = 1
        start = dataset["AcquisitionDate"] + self.time
        dataset["AcquisitionDateTime"] = start
        groups = {"PixelMeasuresSequence": Dataset(PixelSpacing=self._pixel_spacing(), SliceThickness=self.thickness)}
        if self.writes_spacing is not None:
            groups["PixelMeasuresSequence"]["SpacingBetweenSlices"] = f"{self.spacing * self.writes_spacing:g}"
        for keyword, (macro, inner) in _SHARED_GROUPS.items():
            value = dataset.get(keyword)
            dataset.remove(keyword)
            if value is not None:
                binary = inner in ("EffectiveEchoTime", "InversionTimes")
                groups.setdefault(macro, Dataset())[inner] = float(value) if binary else value
        groups[_FRAME_TYPES[self.modality]] = Dataset(FrameType=(*dataset["ImageType"][:3], "NONE")[:4])
        self._say_enhanced(dataset, groups)
        for keyword in _CLASSIC_ONLY:
            dataset.remove(keyword)
        shared = Dataset()
        for macro, item in groups.items():
            shared[macro] = [item]
        dataset["SharedFunctionalGroupsSequence"] = [shared]
        dataset["PerFrameFunctionalGroupsSequence"] = [self._frame(at, s, start) for at, s in enumerate(self.slices)]
        return dataset

    def _frame(self, at, piece, start):
        frame = Dataset(
            FrameContentSequence=[
                Dataset(FrameAcquisitionDateTime=start[:8] + time_at(seconds_of(self.time) + at // 4), FrameAcquisitionNumber=1)
            ],
            PlaneOrientationSequence=[Dataset(ImageOrientationPatient=self._orientation(piece))],
        )
        if piece.position is not None and "ImagePositionPatient" not in piece.own:
            frame["PlanePositionSequence"] = [Dataset(ImagePositionPatient=self._position(piece))]
        if "ImageOrientationPatient" in piece.own:
            frame.remove("PlaneOrientationSequence")
        return frame

    def _say_enhanced(self, dataset, groups):
        """Contrast, MR and PET attributes as the enhanced IODs have them (PS3.3 A.38, A.36, A.56)."""
        agent = dataset.get("ContrastBolusAgent")
        if agent:
            item = Dataset(CodeValue="X-1", CodingSchemeDesignator="99SYN", CodeMeaning=agent, ContrastBolusAgentNumber=1)
            route = dataset.get("ContrastBolusRoute")
            if route:
                item["ContrastBolusAdministrationRouteSequence"] = [
                    Dataset(CodeValue="X-2", CodingSchemeDesignator="99SYN", CodeMeaning=route)
                ]
            if dataset.get("ContrastBolusVolume"):
                item["ContrastBolusVolume"] = dataset["ContrastBolusVolume"]
            start = dataset.get("ContrastBolusStartTime")
            if start is not None:
                item["ContrastAdministrationProfileSequence"] = [Dataset(ContrastBolusStartTime=start)]
            dataset["ContrastBolusAgentSequence"] = [item]
        if self.modality == "MR":
            dataset["EchoPulseSequence"] = "GRADIENT"
            groups.setdefault("MRModifierSequence", Dataset())["InversionRecovery"] = "YES"
        if self.modality == "PT":
            corrected = dataset.get("CorrectedImage", ())
            dataset["AttenuationCorrected"] = "YES" if "ATTN" in corrected else "NO"
            dataset["DecayCorrected"] = "YES" if dataset.get("DecayCorrection") in ("START", "ADMIN") else "NO"
            unit = "Bq/ml" if dataset.get("Units") in ("BQML", "CNTS") else "{propcounts}"
            groups["RealWorldValueMappingSequence"] = Dataset(
                MeasurementUnitsCodeSequence=[Dataset(CodeValue=unit, CodingSchemeDesignator="UCUM", CodeMeaning=unit)]
            )
