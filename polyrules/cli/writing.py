"""Files written by commands: whole or not at all, and never a half one left behind."""

import os
import tempfile
from pathlib import Path

from polyrules.errors import InputError

NEW_MODE = 0o666  # less what the umask takes
KEPT = 0o7777  # of a mode: the permissions


def replace(path: Path, data: bytes) -> None:
    """Put `data` in the place of a file; it keeps its mode, and links lead to it.

    A crash leaves the old file or the new one.

    Raises:
        InputError: It cannot be written.
    """
    try:
        _replace(path.resolve(), data)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise unusable(str(path), error) from error


def unusable(path: str, error: OSError | ValueError) -> InputError:
    """Return the error of a file that cannot be read or written."""
    reason = getattr(error, "strerror", None) or str(error)
    return InputError(f"{path}: {reason.lower()}")


def _replace(path: Path, data: bytes) -> None:
    place, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(place, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_mode(path))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode & KEPT
    except FileNotFoundError:
        mask = os.umask(0)  # there is no other way to ask
        os.umask(mask)
        return NEW_MODE & ~mask
