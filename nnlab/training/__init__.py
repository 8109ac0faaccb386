"""What Keras leaves to its user in training: seeds, schedules, precision, resuming, joining."""

from nnlab.training.callbacks import ResetStates, SampleSnapshots
from nnlab.training.joining import join_processes
from nnlab.training.precision import best_precision, compile_once, list_devices, steps_at_once
from nnlab.training.resuming import ResumeTraining
from nnlab.training.schedules import warmup_cosine
from nnlab.training.seeds import set_seed
from nnlab.training.workarounds import (
    build_before_tracing,
    compile_augmentation,
    copy_averaged_weights,
    disable_autotune,
    keep_recurrent_state,
    reshuffle_each_epoch,
    spare_cudnn_16_bits,
)

__all__ = [
    "ResetStates",
    "ResumeTraining",
    "SampleSnapshots",
    "best_precision",
    "build_before_tracing",
    "compile_augmentation",
    "compile_once",
    "copy_averaged_weights",
    "disable_autotune",
    "join_processes",
    "keep_recurrent_state",
    "list_devices",
    "reshuffle_each_epoch",
    "set_seed",
    "spare_cudnn_16_bits",
    "steps_at_once",
    "warmup_cosine",
]
