"""An exchange of our own, to test against: it answers as Polymarket does, on loopback."""
