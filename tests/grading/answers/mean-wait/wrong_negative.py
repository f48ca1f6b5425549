# Uses the formula where it does not hold: more work than can be done would have a negative wait.
# loses: more work than workers can do
def mean_wait(rate_per_s, service_s, cv, servers):
    offered = rate_per_s * service_s
    load = offered / servers
    blocking = 1.0
    for k in range(1, servers + 1):
        blocking = offered * blocking / (k + offered * blocking)
    waits = blocking / (1 - load * (1 - blocking))
    return waits * service_s / (servers * (1 - load)) * (1 + cv**2) / 2
