# Forgets that uneven work waits longer.
# loses: one worker, work as uneven as it likes
def mean_wait(rate_per_s, service_s, cv, servers):
    offered = rate_per_s * service_s
    load = offered / servers
    if load >= 1:
        return None
    blocking = 1.0
    for k in range(1, servers + 1):
        blocking = offered * blocking / (k + offered * blocking)
    waits = blocking / (1 - load * (1 - blocking))
    return waits * service_s / (servers * (1 - load))
