"""The git side: files to documents with positions to desired state, and every mistake on the way as a value."""
