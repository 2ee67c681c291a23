"""Where events come from and orders go."""
