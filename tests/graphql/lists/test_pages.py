"""A page of a list while another one waits for the database."""

import threading

from crm.graphql.lists.pages import Page
from tests.patience import PATIENCE_SECONDS


def test_a_page_that_waits_delays_no_other():
    # As functools.cached_property would until Python 3.12: with one lock for all pages of the process.
    begun, released = threading.Event(), threading.Event()

    def wait(_offset: int, _number: int) -> list[int]:
        begun.set()
        released.wait(PATIENCE_SECONDS)
        return [1]

    slow = Page(wait, int, first=1, page=1)
    quick = Page(lambda _offset, _number: [2], int, first=1, page=1)
    answers = []
    waiting = threading.Thread(target=lambda: slow.data)
    asking = threading.Thread(target=lambda: answers.append((quick.data, quick.total)))
    waiting.start()
    assert begun.wait(PATIENCE_SECONDS)
    asking.start()
    asking.join(30)
    answered = list(answers)
    released.set()
    waiting.join()
    asking.join()

    assert answered == [([2], 1)]
