"""Load images, boxes, masks, texts, pairs, reviews, series, sound, weights, with their source."""

from nnlab.datasets.audio import AudioData, load_audio
from nnlab.datasets.boxes import BoxData, load_boxes
from nnlab.datasets.image_folder import check_image_folder
from nnlab.datasets.images import ImageData, load_images
from nnlab.datasets.masks import MaskData, load_masks
from nnlab.datasets.pairs import PairData, load_pairs
from nnlab.datasets.record_files import stream_records, write_records
from nnlab.datasets.reviews import ReviewData, load_reviews
from nnlab.datasets.series import SeriesData, load_series
from nnlab.datasets.texts import TextData, load_text
from nnlab.datasets.wav_files import read_wav
from nnlab.datasets.weights import WeightData, load_weights

__all__ = [
    "AudioData",
    "BoxData",
    "ImageData",
    "MaskData",
    "PairData",
    "ReviewData",
    "SeriesData",
    "TextData",
    "WeightData",
    "check_image_folder",
    "load_audio",
    "load_boxes",
    "load_images",
    "load_masks",
    "load_pairs",
    "load_reviews",
    "load_series",
    "load_text",
    "load_weights",
    "read_wav",
    "stream_records",
    "write_records",
]
