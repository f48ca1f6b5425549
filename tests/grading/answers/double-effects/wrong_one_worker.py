# It looks at each worker alone.
# loses: finds what was done before a crash
# loses: finds what a half cure lets through
from collections import Counter


def done_twice(events):
    done = Counter((event["order"], event["worker"]) for event in events if event["what"] == "done")
    return sorted({order for (order, _), times in done.items() if times > 1})
