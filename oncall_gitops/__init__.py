"""On-call schedules as YAML in git, reconciled into PostgreSQL."""

__version__ = "0.1.0"
