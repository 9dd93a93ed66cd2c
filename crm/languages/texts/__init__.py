"""The texts that gettext finds nowhere else."""
