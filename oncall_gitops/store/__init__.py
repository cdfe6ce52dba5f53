"""The Postgres side: tables, rows and values, reading, writing, the embedded server, one door for errors."""
