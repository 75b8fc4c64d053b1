"""Defects of position, orientation and thickness, with what must be found. Each `edit(series)` changes a series as `lay_out()`
left it and returns {rule: Expected}; nothing: the series is clean all the same. Slices lie from head to feet, so that the
order along the normal is the reverse of theirs."""

import math

from expected import Expected, silence
from series import SLICES, Slice

MIDDLE = SLICES // 2
POSITION_RULES = ("contiguous", "regular", "complete", "no-duplicates", "tilt", "coverage")


def uids(series, *pieces):
    return frozenset(series.instance_uid(piece) for piece in pieces)


def moved(piece, x=0.0, y=0.0, z=0.0):
    piece.position = (piece.position[0] + x, piece.position[1] + y, piece.position[2] + z)


def _missing(*holes):
    """`holes`: (index of the first slice that is lost, how many)."""

    def edit(series):
        kept = list(series.slices)
        for first, count in holes:
            for piece in series.slices[first : first + count]:
                kept.remove(piece)
        ascending = kept[::-1]
        places, beside = [], []
        for first, count in sorted(holes, reverse=True):
            after = ascending.index(series.slices[first + count]) + 1
            places.append(f"{count} between slices {after} and {after + 1}")
            beside += [series.slices[first - 1], series.slices[first + count]]
        series.slices = kept
        total = sum(count for _, count in holes)
        return {"complete": Expected(number=total, text=f"^{total} .*" + ".*; ".join(places), instances=uids(series, *beside))}

    return edit


def _lost_at_an_end(series):
    """Headers cannot tell where the scan was to end: only the coverage can."""
    count = SLICES // 2
    series.slices = series.slices[:count]
    return {"coverage": Expected(number=count * series.spacing)}


def _lost_first(series):
    series.slices = series.slices[2:]
    return {}


def _duplicate(count):
    def edit(series):
        originals = series.slices[3 : 3 + count]
        twins = [Slice(piece.position, 500 + at) for at, piece in enumerate(originals)]
        series.slices += twins
        return {"no-duplicates": Expected(number=count, instances=uids(series, *originals, *twins))}

    return edit


def _gap_once(series):
    gap = 0.4 * series.spacing
    for piece in series.slices[MIDDLE:]:
        moved(piece, z=-gap)
    return {"regular": Expected(number=gap)}


def _gap_everywhere(series):
    series.lay_out(spacing=1.4 * series.spacing)
    found = {"contiguous": Expected(number=series.spacing - float(series.thickness))}
    if series.modality == "MR":
        found["isotropic"] = Expected(number=1.4)
    return found


def _overlap(series):
    series.lay_out(count=2 * SLICES, spacing=0.5 * series.spacing)
    return {"isotropic": Expected(number=2)} if series.modality == "MR" else {}


def _tilt(header_says, degrees):
    def edit(series):
        angle = math.radians(degrees)
        for piece in series.slices:
            piece.orientation = (1.0, 0.0, 0.0, 0.0, math.cos(angle), math.sin(angle))
        if series.modality == "CT":
            series.header["GantryDetectorTilt"] = header_says
        return {"tilt": Expected(number=abs(degrees))}

    return edit


def _oblique(series):
    """A stack along its own normal, turned by 35 degrees: no tilt, but not axial either."""
    angle = math.radians(35)
    for at, piece in enumerate(series.slices):
        piece.orientation = (1.0, 0.0, 0.0, 0.0, math.cos(angle), math.sin(angle))
        along = -at * series.spacing
        piece.position = (0.0, -math.sin(angle) * along, 900.0 + math.cos(angle) * along)
    return {"axial": Expected(text="^oblique$")}


def _coronal(series):
    for at, piece in enumerate(series.slices):
        piece.orientation = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
        piece.position = (0.0, at * series.spacing, 900.0)
    return {"axial": Expected(text="^coronal$")}


def _mixed_orientation(series):
    for piece in series.slices[:3]:
        piece.orientation = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
    return {"one-orientation": Expected(text="^yes$")}


def _coarse_directions(series):
    """Direction cosines of the same plane rounded to four digits in every other slice."""
    angle = math.radians(0.25)
    for at, piece in enumerate(series.slices):
        digits = 4 if at % 2 else 6
        piece.orientation = (1.0, 0.0, 0.0, 0.0, round(math.cos(angle), digits), round(math.sin(angle), digits))
    return {}


def _flipped(series):
    for piece in series.slices:
        piece.number = 2 * series.make.first_number + len(series.slices) - 1 - piece.number
    return {}


def _number_gaps(series):
    for at, piece in enumerate(series.slices):
        piece.number = 7 + 3 * at + (20 if at > MIDDLE else 0)
    return {}


def _same_number(series):
    for piece in series.slices:
        piece.number = 1
    return {}


def _shuffled(series):
    series.slices = series.slices[1::2] + series.slices[::2]
    return {}


def _two_table_positions(series):
    for piece in series.slices[MIDDLE:]:
        piece.own["AcquisitionNumber"] = 2
    return {}


def _step_and_shoot(series):
    """Every slice is an acquisition of its own."""
    for at, piece in enumerate(series.slices):
        piece.own["AcquisitionNumber"] = at + 1
    return {}


def _step_and_shoot_duplicate(series):
    found = _duplicate(1)(series)
    _step_and_shoot(series)
    return found


def _one_thin(series):
    """One slice is half as thick as its distance from the next."""
    half = 0.5 * series.spacing
    series.slices[4].own["SliceThickness"] = f"{half:g}"
    return {"contiguous": Expected(number=half)}


def _one_without(keyword):
    def edit(series):
        series.slices[4].own[keyword] = None
        found = silence(*POSITION_RULES)
        if series.modality == "MR":
            found.update(silence("isotropic"))
        return found

    return edit


def _all_without(keyword):
    def edit(series):
        for piece in series.slices:
            piece.own[keyword] = None
        found = silence(*POSITION_RULES, "axial", "one-orientation")
        if series.modality == "MR":
            found.update(silence("isotropic"))
        return found

    return edit


def _thickness(text):
    def edit(series):
        series.thickness = text
        return silence("thickness", "contiguous", "coverage")

    return edit


def _thickness_written(form):
    def edit(series):
        series.thickness = form.format(series.spacing)
        return {}

    return edit


def _thick(series):
    thickness = 1.5 * series.spacing if series.modality != "PT" else 6.0
    series.lay_out(spacing=thickness)
    series.thickness = series.make.length.format(thickness)
    found = {"thickness": Expected(number=thickness)}
    if series.modality == "MR":
        found["isotropic"] = Expected(number=1.5)
    return found


def _spacing_attribute(factor):
    def edit(series):
        series.writes_spacing = factor
        return {}

    return edit


def _single_slice(series):
    series.slices = series.slices[:1]
    found = silence("contiguous", "regular", "complete", "tilt")
    found["coverage"] = Expected(number=series.spacing)
    if series.modality == "MR":
        found.update(silence("isotropic"))
    return found


GEOMETRY_DEFECTS = {
    "clean": lambda series: {},
    "missing_1": _missing((MIDDLE, 1)),
    "missing_2": _missing((MIDDLE, 2)),
    "missing_3": _missing((4, 3)),
    "missing_4": _missing((4, 4)),
    "missing_at_two_places": _missing((3, 1), (7, 2)),
    "missing_first_two": _lost_first,
    "duplicate_1": _duplicate(1),
    "duplicate_3": _duplicate(3),
    "gap_once": _gap_once,
    "gap_everywhere": _gap_everywhere,
    "overlap": _overlap,
    "tilt": _tilt("6.8", 6.8),
    "tilt_header_says_0": _tilt("0", -6.8),
    "tilt_slight": _tilt("0.7", 0.7),
    "oblique": _oblique,
    "coronal": _coronal,
    "mixed_orientation": _mixed_orientation,
    "coarse_directions": _coarse_directions,
    "short_coverage": _lost_at_an_end,
    "flipped": _flipped,
    "number_gaps": _number_gaps,
    "same_number": _same_number,
    "shuffled": _shuffled,
    "two_table_positions": _two_table_positions,
    "step_and_shoot": _step_and_shoot,
    "step_and_shoot_duplicate": _step_and_shoot_duplicate,
    "one_thin": _one_thin,
    "one_without_position": _one_without("ImagePositionPatient"),
    "all_without_position": _all_without("ImagePositionPatient"),
    "all_without_orientation": _all_without("ImageOrientationPatient"),
    "thickness_empty": _thickness(""),
    "thickness_with_comma": _thickness("5,0"),
    "thickness_padded": _thickness_written(" {:g} "),
    "thickness_with_exponent": _thickness_written("+00{:.4f}E+00"),
    "thick": _thick,
    "spacing_attribute_missing": _spacing_attribute(None),
    "spacing_attribute_wrong": _spacing_attribute(3),
    "single_slice": _single_slice,
}
