"""What all live adapters share: where their events meet, and what they count."""
