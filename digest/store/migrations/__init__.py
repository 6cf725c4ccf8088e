"""Migrations, one file each, in order; alembic runs them through `env`."""
