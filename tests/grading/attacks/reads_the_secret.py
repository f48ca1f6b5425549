# Tries to read the secret from its file.
# claim: files
# works in: limits

def find(hints):
    with open(hints["folder"] + "/secret") as file:
        return int(file.read())
