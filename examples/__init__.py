"""A package, so that `examples` is ours whatever else is installed by that name."""
