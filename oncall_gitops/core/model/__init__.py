"""The nouns: frozen values, one concept a file."""
