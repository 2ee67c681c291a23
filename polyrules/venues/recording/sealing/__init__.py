"""How the log of a recording becomes the files of a tape."""
