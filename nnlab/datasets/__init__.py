"""Load images and texts as NumPy arrays and strings that carry their source and licence."""

from nnlab.datasets.image_folder import check_image_folder
from nnlab.datasets.images import ImageData, load_images
from nnlab.datasets.record_files import stream_records, write_records
from nnlab.datasets.texts import TextData, load_text

__all__ = [
    "ImageData",
    "TextData",
    "check_image_folder",
    "load_images",
    "load_text",
    "stream_records",
    "write_records",
]
