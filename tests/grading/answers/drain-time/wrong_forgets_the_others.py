# Forgets that others go on coming.
# loses: some go on coming
# loses: more go on coming than the desks can do
def drain_seconds(rate, burst_s, desks, work_s, after):
    capacity = desks / work_s
    return max(0, rate - capacity) * burst_s / capacity
