"""Values to text for people and programs; no decisions."""
