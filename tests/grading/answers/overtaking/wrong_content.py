# Is content with everything.
# loses: one change that was overtaken is found
# loses: all late changes of a wild run are found, and no others
# loses: different keys may pass each other
# loses: what is lost is not late
# loses: what is done again is not late
def overtaken(done):
    return []
