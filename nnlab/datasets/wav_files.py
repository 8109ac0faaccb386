"""A reader's own recording: a WAV file of any rate, depth and number of channels."""

import math
import numbers
import shlex
from pathlib import Path

import numpy as np

from nnlab.datasets import _waves

MAX_BYTES = 2**28
RATES = (1_000, 768_000)  # samples a second that a recording may have
FAINTEST = 1e-3  # of full scale, from the lowest sample to the highest
LOUDEST = 10.0  # times full scale: no recording of floats, but of integers saved as floats


def read_wav(path, *, rate, max_seconds=10.0):
    """Return the sound in a WAV file, mono: float32 ``(num_samples,)``, mostly within -1..1.

    Channels are mixed, by their mean, and the sound is resampled to the rate asked for.

    path: a WAV file with samples of 8, 16, 24 or 32 bits or floats of 32 or 64, not compressed, at
        1,000 to 768,000 samples a second.
    rate: samples a second of what is returned, int ≥ 1.
    max_seconds: how long the sound may be.

    Raises FileNotFoundError where there is no file; ValueError, which says what came and what to
    do, for a file that is something else, compressed, cut, empty, silent, too loud or too long, and
    for another rate.
    """
    if not isinstance(rate, numbers.Integral) or rate < 1:
        raise ValueError(f"rate must be an integer ≥ 1, samples a second, got {rate!r}: name one")
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file here: name a WAV file, with its folder")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise ValueError(f"{path}: expected {MAX_BYTES:,} bytes at most, got {size:,}: cut it")
    try:
        own_rate, samples = _waves.decode(path.read_bytes())
    except ValueError as error:
        name = shlex.quote(path.name)
        raise ValueError(
            f"{path}: expected a whole WAV file, not compressed, got {error}. Record or copy it "
            f"again, or save it so, as ffmpeg does: ffmpeg -i {name} -c:a pcm_s16le new.wav"
        ) from error
    if not RATES[0] <= own_rate <= RATES[1]:
        raise ValueError(
            f"{path}: expected {RATES[0]:,} to {RATES[1]:,} samples a second, got {own_rate:,}: "
            "save it with a usual rate, such as 16,000 or 44,100"
        )
    if not len(samples):
        raise ValueError(f"{path}: expected a sound, got no sample: record it again")
    seconds = len(samples) / own_rate
    if seconds > max_seconds:
        raise ValueError(
            f"{path}: expected a sound of up to {max_seconds:g} seconds, got {seconds:.2f}: cut "
            "out what you want to be heard"
        )
    mono = _waves.scaled(samples).mean(axis=1)  # (samples,)
    if not np.isfinite(mono).all():
        raise ValueError(f"{path}: expected finite samples, got NaN or infinity: save it anew")
    if (loudest := np.abs(mono).max()) > LOUDEST:
        raise ValueError(
            f"{path}: expected samples mostly within -1..1, as a WAV file of floats has them, got "
            f"up to {loudest:,.3g}: divide them by full scale (32,768 of 16 bits) or save integers"
        )
    if np.ptp(mono) < FAINTEST:
        raise ValueError(
            f"{path}: expected a sound, got silence (the samples lie within {np.ptp(mono):.1g} of "
            "each other, all channels mixed): is the microphone on? Does one channel cancel the "
            "other? Then save one of them"
        )
    return _resampled(mono, own_rate, rate).astype(np.float32)


def _resampled(mono, own_rate, rate):
    """Return a sound at another rate; what lies above half of the lower rate is filtered out."""
    from scipy.signal import resample_poly

    shared = math.gcd(own_rate, rate)
    return resample_poly(mono, rate // shared, own_rate // shared)
