"""One line about an exception, even one whose own methods are hostile."""


def describe(error: BaseException) -> str:
    """Return type, text and line of the program, at most 300 characters."""
    try:
        said = str(error)
        text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    except BaseException:
        text = f"{type(error).__name__}"
    line = _line_of_program(error)
    return " ".join(text.split())[:260] + (f" (line {line})" if line else "")


def _line_of_program(error: BaseException) -> int | None:
    """Return the last line of the traceback inside the program, None if there is none."""
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in ("<program>", "<test>"):
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
