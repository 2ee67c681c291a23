"""How the examples of a strategy file are run, counted and put to the proof."""
