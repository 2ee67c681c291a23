"""An exchange of our own, to test against: it answers as the venue does."""
