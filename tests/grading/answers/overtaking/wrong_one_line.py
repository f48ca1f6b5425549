# Takes all keys for one.
# loses: all late changes of a wild run are found, and no others
# loses: different keys may pass each other
def overtaken(done):
    late, seen, highest = [], set(), 0
    for key, number in done:
        if number < highest and (key, number) not in seen:
            late.append([key, number])
        seen.add((key, number))
        highest = max(highest, number)
    return late
