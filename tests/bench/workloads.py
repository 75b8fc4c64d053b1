"""The images that are sent: conforming studies of registered patients, and one very large multi-frame object."""

import os
from dataclasses import dataclass

from dicom_writer import MULTI_FRAME_GRAYSCALE_WORD_SC_STORAGE, uid, write_large_file
from sample_studies import patient, study

FRAME_SIDE, FRAMES = 512, 4090


@dataclass(frozen=True)
class Size:
    """`total` CT slices of `side` x `side` pixels of 16 bits, in one study a sender."""

    name: str
    label: str
    side: int
    total: int


LARGE = Size("large", "200 CT slices of 512 KiB a sender", 512, 200)
SMALL = Size("small", "1 000 CT slices of 33 KiB a sender", 128, 1000)
# 200 and 1 000 in all. Orthanc's Lua forwards about ten instances a second: more of them would only take longer.
LARGE_END_TO_END = Size("large-end-to-end", "50 CT slices of 512 KiB a sender", 512, 50)
SMALL_END_TO_END = Size("small-end-to-end", "250 CT slices of 33 KiB a sender", 128, 250)


@dataclass
class Workload:
    """One directory a sender, each with `per_directory` instances."""

    directories: list
    per_directory: int


def write_studies(directory, size, senders):
    """Writes one study a sender, each of another registered patient, unless it is there already."""
    folders = []
    for sender in range(senders):
        folder = os.path.join(directory, str(sender))
        folders.append(folder)
        if os.path.isdir(folder) and len(os.listdir(folder)) == size.total:
            continue
        os.makedirs(folder, exist_ok=True)
        # However many slices: they conform to the sample trial.
        thickness = min(5.0, 600 / size.total)
        made = study(
            patient(1 + sender),
            "siemens",
            slices=size.total,
            size=size.side,
            thickness=thickness,
            spacing=thickness,
        )
        # Without the localizer, which no slot of the trial takes: all that is sent is to arrive.
        for at, instance in enumerate(made.instances[1:]):
            with open(os.path.join(folder, f"{at:04d}.dcm"), "wb") as out:
                out.write(instance.encode())
    return Workload(folders, size.total)


def write_multi_frame(directory):
    """(folder, size in bytes) of one secondary capture object of a little under 2 GiB."""
    os.makedirs(directory, exist_ok=True)
    dataset = study(patient(1), slices=1).instances[1].dataset.copy()
    dataset["SOPClassUID"] = MULTI_FRAME_GRAYSCALE_WORD_SC_STORAGE
    dataset["SOPInstanceUID"] = uid("multi-frame", FRAMES)
    dataset["Rows"] = dataset["Columns"] = FRAME_SIDE
    dataset["NumberOfFrames"] = FRAMES
    dataset["ConversionType"] = "WSD"
    dataset.remove("PixelData")
    path = os.path.join(directory, "multi-frame.dcm")
    write_large_file(path, dataset, bytes(range(256)) * (FRAME_SIDE * FRAME_SIDE * 2 // 256), FRAMES)
    return directory, os.path.getsize(path)
