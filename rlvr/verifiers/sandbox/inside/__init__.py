"""What runs inside the sandbox: standard library only, nothing of ours besides.

The modules reach a sandbox as the package `inside`, compiled (see `bootstrap`). Three programs live
here:

- `program`: a whole program, with the real standard input and output (stdin/stdout tests);
- `candidate`: holds a function that may be hostile and answers calls to it;
- `judge`: runs the benchmark's own test source, and calls the candidate's function by message.

Judge and candidate are separate sandboxes. They never share a pipe: the parent carries each message
from one to the other.
"""
