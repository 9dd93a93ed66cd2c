"""Garbage collection in servers and commands."""

import gc

#: New objects per young collection, young collections per middle one, middle ones per full one.
THRESHOLDS = (10_000, 10, 20)


def tune_gc() -> None:
    """Freeze start-up objects and raise the thresholds of the collector.

    By default Python runs a full collection each time the heap has grown by a quarter. With clients that send
    ever new documents, that was a pause of 0.2 s for all threads once in 140 requests, and a tenth of the CPU
    time. With these thresholds the longest pause was 0.04 s, and collections took a fortieth of the time.
    """
    gc.collect()
    # The schema and the code never become garbage: no full collection needs to visit them again.
    gc.freeze()
    raise_thresholds()


def raise_thresholds() -> None:
    """Collect rarely: an import makes some hundred objects a row, few of them garbage in cycles.

    By default collections took a fifth of the CPU time of an import.
    """
    gc.set_threshold(*THRESHOLDS)
