# Changes nothing.
# loses: no confirmed order is lost
# loses: at most 22 % are refused
# loses: 99 % of the orders are done within 3.3 s
# loses: the database has at most 24 connections
def configure():
    return {}
