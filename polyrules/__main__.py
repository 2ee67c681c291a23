"""`python -m polyrules` is `polyrules`."""

from polyrules.cli import main

if __name__ == "__main__":
    main()
