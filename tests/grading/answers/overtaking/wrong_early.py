# Names who overtook, not who was overtaken.
# loses: one change that was overtaken is found
# loses: all late changes of a wild run are found, and no others
# loses: different keys may pass each other
# loses: what is lost is not late
# loses: what is done again is not late
def overtaken(done):
    early, first = [], []
    for entry in done:
        if entry not in first:
            first.append(entry)
    for place, (key, number) in enumerate(first):
        if any(k == key and n < number for k, n in first[place + 1 :]):
            early.append([key, number])
    return early
