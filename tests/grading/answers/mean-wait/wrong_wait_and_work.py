# Gives waiting and work together, and a negative number for too much of it.
# loses: one worker, exponential work
# loses: one worker, work as uneven as it likes
# loses: several workers at one queue
# loses: more work than workers can do
def mean_wait(rate_per_s, service_s, cv, servers):
    load = rate_per_s * service_s / servers
    return load / (1 - load) * service_s / servers * (1 + cv**2) / 2 + service_s
