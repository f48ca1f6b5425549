# It leaves everything as it is.
# loses: every order is done
# loses: no order is done twice
# loses: little comes again after a crash
# loses: nine of ten orders are done in time
def configure():
    return {}
