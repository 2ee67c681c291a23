"""The one place that chooses: which events, which exchange, which journal.

Every mode runs through `drive`; the modes differ in the adapters handed to it.
"""

from polyrules.app.driving import INTERRUPTED, TWICE, Together, Watch, drive
from polyrules.app.runs import (
    PAPER,
    Job,
    begin,
    build_engine,
    paper_job,
    pretended,
    run_on_paper,
)
from polyrules.app.sources import Source, inputs_for, load_all, with_settings

__all__ = [
    "INTERRUPTED",
    "PAPER",
    "TWICE",
    "Job",
    "Source",
    "Together",
    "Watch",
    "begin",
    "build_engine",
    "drive",
    "inputs_for",
    "load_all",
    "paper_job",
    "pretended",
    "run_on_paper",
    "with_settings",
]
