"""The git side: files to documents with positions to desired state; every mistake on the way is a value."""
