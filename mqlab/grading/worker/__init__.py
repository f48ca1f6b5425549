"""The program that runs in the sandbox: standard library only, it must not import mqlab.

    zygote: warm, never runs a student's line ── fork ──▶ incarnation: hardened, answers calls, ends by SIGKILL

Its two files are compiled by the parent and handed to ``python -I -S -B`` through stdin, so the sandbox needs to show
no file of mqlab.
"""
