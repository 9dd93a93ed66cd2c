"""A form that was opened before somebody else saved: what each changed, side by side, to choose from."""
