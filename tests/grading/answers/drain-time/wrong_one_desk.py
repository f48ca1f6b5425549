# Thinks of one desk only.
# loses: nobody comes afterwards
# loses: some go on coming
# loses: a burst that the desks can bear
# loses: more go on coming than the desks can do
def drain_seconds(rate, burst_s, desks, work_s, after):
    capacity = 1 / work_s
    if after >= capacity:
        return None
    return max(0, rate - capacity) * burst_s / (capacity - after)
