"""Where a recording may begin or go on: an empty place, or a tape recorded before."""

from pathlib import Path

import msgspec

from polyrules import __version__
from polyrules.errors import TapeError
from polyrules.venues.recording import disk
from polyrules.venues.recording.log.segments import FOLDER, segments
from polyrules.venues.recording.sealing.finish import WRITER, described
from polyrules.venues.recording.sealing.seal import seal
from polyrules.venues.tape import manifest as manifests
from polyrules.venues.tape.manifest import FORMAT, Manifest

AFTER_A_BREAK = "recording went on after a break"
ELSEWHERE = "name a new directory with --out"


def opened(path: Path) -> disk.Lock:
    """Take the writer's place at `path`; make the tape if there is none.

    Raises:
        TapeError: Something else stands there, or someone else writes.
    """
    is_tape = (path / manifests.NAME).exists()
    _check_place(path, is_tape=is_tape)
    try:
        if not is_tape:
            path.mkdir(parents=True, exist_ok=True)
            disk.replace(path / manifests.NAME, manifests.encode(blank()))
        (path / FOLDER).mkdir(exist_ok=True)
    except OSError as error:
        raise TapeError(f"{path}: cannot be written, {error.strerror}") from error
    return disk.Lock(path / FOLDER / WRITER)


def prepared(path: Path, facts: Manifest | None) -> Manifest:
    """Take up what an earlier recording left, and write down what is known now.

    Raises:
        TapeError: The tape cannot be read or written.
    """
    left = segments(path)
    manifest = seal(path, left[-1].number if left else 0)
    if manifest.sealed:
        breaks = manifest.notes.get(AFTER_A_BREAK, 0) + 1
        notes = {**manifest.notes, AFTER_A_BREAK: breaks}
        manifest = msgspec.structs.replace(manifest, notes=notes)
    manifest = described(manifest, facts)
    try:
        disk.replace(path / manifests.NAME, manifests.encode(manifest))
    except OSError as error:
        raise TapeError(f"{path}: cannot be written, {error.strerror}") from error
    return manifest


def blank() -> Manifest:
    """Return the manifest of a recording that holds nothing yet."""
    return Manifest(format=FORMAT, made_by=f"polyrules {__version__}", sealed=0)


def _check_place(path: Path, *, is_tape: bool) -> None:
    if path.exists() and not path.is_dir():
        raise TapeError(f"{path}: a file is here", hint=ELSEWHERE)
    if is_tape and manifests.read(path).sealed is None:
        raise TapeError(
            f"{path}: an imported tape is here; recording does not add to one",
            hint=ELSEWHERE,
        )
    if not is_tape and path.exists() and any(path.iterdir()):
        raise TapeError(
            f"{path}: something is here already that is no tape",
            hint=f"{ELSEWHERE}, or remove this one first",
        )
