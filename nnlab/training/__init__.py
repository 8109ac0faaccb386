"""What Keras leaves to its user around a training run: one seed for everything, samples kept on the way, a record."""

from nnlab.training.backend import best_precision, disable_autotune, set_seed, steps_at_once
from nnlab.training.callbacks import ResetStates, SampleSnapshots
from nnlab.training.record import RunRecord
from nnlab.training.resuming import resumable_epochs

__all__ = [
    "ResetStates",
    "RunRecord",
    "SampleSnapshots",
    "best_precision",
    "disable_autotune",
    "resumable_epochs",
    "set_seed",
    "steps_at_once",
]
