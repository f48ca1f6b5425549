# It takes acknowledged for done.
# loses: accuses nobody in a correct run
# loses: finds what was done before a crash
# loses: finds what a half cure lets through
from collections import Counter


def done_twice(events):
    done = Counter((event["order"], event["service"]) for event in events if event["what"] == "acknowledged")
    return sorted({order for (order, _), times in done.items() if times > 1})
