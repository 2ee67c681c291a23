"""What is asked in a world, what it is worth, and how it is answered."""
