"""Time limit for tests that wait for an event.

Only a test that hangs is to fail by this time, never one whose machine is busy: tests wait for an event, and
nothing is asserted of how long it took.
"""

PATIENCE_SECONDS = 300
