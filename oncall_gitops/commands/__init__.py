"""The shell: one verb, one file. Flags in, a composition that reads from top to bottom, an exit code out."""
