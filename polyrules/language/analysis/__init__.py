"""What can be known of a strategy before any market is seen: ranges, and lints."""
