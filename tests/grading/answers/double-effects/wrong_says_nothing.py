# It accuses nobody.
# loses: finds what was sent twice and done twice
# loses: accuses nobody in a correct run
# loses: finds what was done before a crash
# loses: finds what a half cure lets through
def done_twice(events):
    return []
