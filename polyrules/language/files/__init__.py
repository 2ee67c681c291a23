"""A strategy file, part by part: what each key means and what it may hold."""
