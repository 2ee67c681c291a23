"""A package, so that `tests` is ours whatever else is installed by that name."""
