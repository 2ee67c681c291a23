"""Where strategies come from: a file of yours, or one that polyrules ships.

A file that exists wins over a shipped strategy of the same name. The wheel carries the
shipped ones as package data; in a checkout they are the top-level folder.
"""

from difflib import get_close_matches
from pathlib import Path

from polyrules.errors import InputError

SIZE_MAX = 256 * 1024  # bytes; the longest shipped strategy has not a twentieth of it
PACKAGE = Path(__file__).parent.parent


def folder(name: str) -> Path:
    """Return the folder of shipped files called `name`: strategies, schemas, examples.

    Raises:
        InputError: This installation lacks it.
    """
    for place in (PACKAGE / "shipped" / name, PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise InputError(
        f"this installation of polyrules has no folder {name}",
        hint="install it again: pip install -e . in a checkout, or from a wheel",
    )


def shipped_ids() -> tuple[str, ...]:
    """Return the ids of the shipped strategies, in alphabetical order."""
    found = (path.stem for path in folder("strategies").glob("*.yaml"))
    return tuple(sorted(name for name in found if "." not in name))  # no .test.yaml


def resolve(name_or_path: str) -> tuple[str, str]:
    """Find a strategy and read it.

    Args:
        name_or_path: A path of a file, or the id of a shipped strategy.

    Returns:
        What to call the file in messages (the path as given, or the id with `.yaml`),
        and its text.

    Raises:
        InputError: There is no such file and no such id; or it cannot be read.
    """
    path = Path(name_or_path)
    if _exists(path):
        return name_or_path, read_text(path)
    known = shipped_ids()
    if name_or_path in known:
        label = f"{name_or_path}.yaml"
        return label, read_text(folder("strategies") / label)
    near = get_close_matches(path.stem, known, n=1)
    meant = f'did you mean "{near[0]}"? ' if near else ""
    raise InputError(
        f"{name_or_path}: no such file, and no shipped strategy of that name",
        hint=f"{meant}shipped: {', '.join(known)}",
    )


def read_text(path: Path) -> str:
    """Read a whole text file.

    Raises:
        InputError: It is missing, a directory, not readable, not UTF-8, or too large.
    """
    if path.is_dir():
        raise InputError(f"{path} is a directory, expected a file")
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_MAX + 1)
    except OSError as error:
        raise InputError(f"{path}: {_reason(error)}") from error
    if len(data) > SIZE_MAX:
        raise InputError(f"{path} is larger than {SIZE_MAX // 1024} KiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8: byte 0x{data[error.start]:02x} at {error.start}",
            hint="save the file as UTF-8",
        ) from error


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a null byte
        return False


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
