# Takes several workers for one that is so many times as fast.
# loses: several workers at one queue
def mean_wait(rate_per_s, service_s, cv, servers):
    load = rate_per_s * service_s / servers
    if load >= 1:
        return None
    return load / (1 - load) * service_s / servers * (1 + cv**2) / 2
