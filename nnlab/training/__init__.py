"""What Keras leaves to its user around a training run: seeds, schedules, precision, samples kept, runs resumed."""

from nnlab.training.callbacks import ResetStates, SampleSnapshots
from nnlab.training.precision import best_precision, list_devices, steps_at_once
from nnlab.training.resuming import resumable_epochs
from nnlab.training.schedules import warmup_cosine
from nnlab.training.seeds import set_seed
from nnlab.training.workarounds import disable_autotune

__all__ = [
    "ResetStates",
    "SampleSnapshots",
    "best_precision",
    "disable_autotune",
    "list_devices",
    "resumable_epochs",
    "set_seed",
    "steps_at_once",
    "warmup_cosine",
]
