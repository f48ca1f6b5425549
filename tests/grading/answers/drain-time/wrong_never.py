# Says that it never drains.
# loses: nobody comes afterwards
# loses: some go on coming
# loses: a burst that the desks can bear
# loses: more go on coming than the desks can do
def drain_seconds(rate, burst_s, desks, work_s, after):
    return None
