"""One layout for strategy files, so that two differ only in what they say."""
