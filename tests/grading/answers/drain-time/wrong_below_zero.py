# A backlog below nothing, a time before now.
# loses: a burst that the desks can bear
def drain_seconds(rate, burst_s, desks, work_s, after):
    capacity = desks / work_s
    if after >= capacity:
        return None
    return (rate - capacity) * burst_s / (capacity - after)
