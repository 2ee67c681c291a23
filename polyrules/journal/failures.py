"""What the database says, in words that name the journal and say what to do."""

from sqlalchemy.exc import SQLAlchemyError

from polyrules.errors import JournalError

# What the driver says, what it means, what helps. The first that fits is told.
_MEANINGS = (
    (
        "disk is full",
        "the disk is full",
        "free some space; what was written before is safe",
    ),
    (
        "readonly database",
        "it is read-only",
        "make the file and its directory writable, or name another journal",
    ),
    (
        "is locked",
        "it is locked by another writer",
        "wait for the other run to end, or name another journal",
    ),
    (
        "not a database",
        "it is not a database",
        "name another journal, or move that file away",
    ),
    (
        "malformed",
        "the database is damaged",
        "restore a copy, or name another journal",
    ),
    (
        "unable to open",
        "it cannot be opened",
        "check the directory and its permissions",
    ),
    (
        "disk i/o error",
        "the disk failed, or the file was taken away",
        "check the disk; what was written before is safe",
    ),
    (
        "no such table",
        "its tables are gone",
        "restore a copy, or name another journal",
    ),
)


def explain(error: SQLAlchemyError | OSError, place: str) -> JournalError:
    """Return the JournalError that tells what failed at `place`."""
    said = str(getattr(error, "orig", None) or error)
    lowered = said.lower()
    for sign, meaning, hint in _MEANINGS:
        if sign in lowered:
            return JournalError(f"journal {place}: {meaning} ({said})", hint=hint)
    return JournalError(f"journal {place}: {said}")
