"""Everybody's calendar follows: wanted events, the diff with what is listed, and the calls that repair it."""
