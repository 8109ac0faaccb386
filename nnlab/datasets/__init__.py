"""Load images and texts as NumPy arrays and strings that carry their source and licence."""

from nnlab.datasets.images import ImageData, load_images, read_idx
from nnlab.datasets.streaming import stream_image_folder, stream_records, write_records
from nnlab.datasets.texts import TextData, load_text

__all__ = [
    "ImageData",
    "TextData",
    "load_images",
    "load_text",
    "read_idx",
    "stream_image_folder",
    "stream_records",
    "write_records",
]
