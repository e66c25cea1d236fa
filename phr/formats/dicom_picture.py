"""One picture of a DICOM instance: its middle frame, windowed to 8 bits.

Source: DICOM PS3.3 §C.7.6.3 (pixels), §C.11.1 (modality LUT), §C.11.2 (VOI LUT).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from phr.formats.image import LONGEST_SIDE, check_size, preview, step
from phr.formats.image import warm as warm_pictures
from phr.formats.parsed import Limits, Preview, Refused, Skipped

Pixels = NDArray[Any]

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def warm() -> None:
    """Run every decoder once on a few made-up pixels, since each loads its library when it runs."""
    warm_pictures()
    _eight_bits(_frame(_tiny(), 0), _tiny())
    for syntax in (RLELossless, JPEG2000Lossless, JPEGLSLossless):
        tiny = _tiny()
        tiny.compress(syntax, generate_instance_uid=False)
        _frame(tiny, 0)


def draw(dataset: FileDataset, limits: Limits) -> Preview | Skipped:
    """The Preview, or why there is none. Raises Refused for a flood of pixels."""
    try:
        frames = int(dataset.get("NumberOfFrames") or 1)
        check_size(int(dataset.Columns), int(dataset.Rows), limits)
        _complete(dataset)
        pixels = _frame(dataset, max(frames, 1) // 2)
        picture = Image.fromarray(_eight_bits(pixels, dataset))
    except (Refused, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - decoders raise many kinds on odd or damaged pixels
        return Skipped("the picture", "its pixels are damaged, cut off or coded in an unusual way")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    caption = f"Frame {max(frames, 1) // 2 + 1} of {frames}" if frames > 1 else "The picture"
    return preview(picture, caption)


def _complete(dataset: FileDataset) -> None:
    """Raises Refused when pixels that are not compressed end before they should."""
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        return
    expected = get_expected_length(dataset)
    if sum(len(dataset[n].value) for n in _PIXELS if n in dataset) < expected:
        raise Refused("The DICOM file ends too early: its picture is cut off.")


def _frame(dataset: Dataset, index: int) -> Pixels:
    decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
    pixels: Pixels = decoder.as_array(dataset, index=index)[0]
    # Windowing needs eight bytes a pixel, several times over: not for pixels that are not drawn.
    every = step(pixels.shape[:2])
    return pixels[::every, ::every]


def _eight_bits(pixels: Pixels, dataset: Dataset) -> NDArray[np.uint8]:
    """Grey or RGB of 8 bits."""
    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, dataset)
    if pixels.ndim == 3:
        top = np.iinfo(pixels.dtype).max
        return (pixels if top == 255 else pixels // ((top + 1) // 256)).astype(np.uint8)
    values = apply_modality_lut(pixels, dataset)
    if "VOILUTSequence" in dataset:
        values = apply_voi_lut(values, dataset, index=0)
    low, high = _window(values, dataset)
    grey = np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        grey = 255 - grey
    return grey.astype(np.uint8)


def _window(values: Pixels, dataset: Dataset) -> tuple[float, float]:
    """What is drawn black and white: the first window (PS3.3 §C.11.2.1.2.1), else what is there."""
    if "VOILUTSequence" in dataset:
        return float(values.min()), float(values.max())
    centers, widths = (
        np.atleast_1d(dataset.get(name) or 0.0).astype(float)
        for name in ("WindowCenter", "WindowWidth")
    )
    if widths[0] >= 1:
        half = (widths[0] - 1) / 2
        return centers[0] - 0.5 - half, centers[0] - 0.5 + half
    low, high = np.percentile(values, (1, 99))
    return float(low), float(high)


def _tiny() -> Dataset:
    tiny = Dataset()
    tiny.file_meta = FileMetaDataset()
    tiny.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    tiny.SOPClassUID = SecondaryCaptureImageStorage
    tiny.Rows = tiny.Columns = 64
    tiny.SamplesPerPixel, tiny.PhotometricInterpretation = 1, "MONOCHROME2"
    tiny.BitsAllocated = tiny.BitsStored = 16
    tiny.HighBit, tiny.PixelRepresentation = 15, 0
    tiny.PixelData = np.arange(64 * 64, dtype=np.uint16).tobytes()
    return tiny
