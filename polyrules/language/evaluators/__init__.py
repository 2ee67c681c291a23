"""One meaning, told several times: by row for reading, in columns for speed."""
