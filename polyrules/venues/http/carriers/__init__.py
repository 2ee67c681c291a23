"""What carries a request to a host and the reply back."""
