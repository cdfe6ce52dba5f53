"""The canonical form of the files: what `fmt` makes of a text, and how a file is replaced."""
