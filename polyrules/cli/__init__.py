"""The doorway: click commands, one small file per family, loaded when asked for."""


def main() -> None:
    """Run polyrules."""
