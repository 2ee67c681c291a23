"""What editors ask while a strategy is written: what is wrong, and what a name means.

A thin shell: problems, names and meanings are those of the language itself.
"""
