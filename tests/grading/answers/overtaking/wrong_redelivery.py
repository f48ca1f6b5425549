# Takes what is done again for late.
# loses: what is done again is not late
def overtaken(done):
    late, highest = [], {}
    for key, number in done:
        if number < highest.get(key, 0):
            late.append([key, number])
        highest[key] = max(highest.get(key, 0), number)
    return late
