# Takes a gap for disorder: what is missing is reported as well.
# loses: what is lost is not late
def overtaken(done):
    late, seen, highest = [], set(), {}
    for key, number in done:
        if number < highest.get(key, 0) and (key, number) not in seen:
            late.append([key, number])
        seen.add((key, number))
        highest[key] = max(highest.get(key, 0), number)
    missing = [[key, n] for key in highest for n in range(1, highest[key]) if (key, n) not in seen]
    return late + missing
