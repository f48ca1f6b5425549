# It takes packed and mailed for done twice.
# loses: finds what was sent twice and done twice
# loses: accuses nobody in a correct run
# loses: finds what was done before a crash
# loses: finds what a half cure lets through
from collections import Counter


def done_twice(events):
    done = Counter((event["order"], "") for event in events if event["what"] == "done")
    return sorted({order for (order, _), times in done.items() if times > 1})
