# Compares each change with the one before it only.
# loses: all late changes of a wild run are found, and no others
def overtaken(done):
    late, seen, before = [], set(), {}
    for key, number in done:
        if (key, number) not in seen:
            if number < before.get(key, 0):
                late.append([key, number])
            before[key] = number
        seen.add((key, number))
    return late
