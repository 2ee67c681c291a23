"""The numbers a rule may name, and the column table they live in."""
