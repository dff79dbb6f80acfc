"""Training methods by name; a method's module, and TRL with it, is imported when asked for.

A method is a module of this folder with a `METHOD`, named after its file, or what an installed
package registers in the group `rlvr.methods`. `rlvr.recipes.method_name` finds their names.
"""

from importlib import import_module

from rlvr.core import plugins
from rlvr.core.errors import UserError
from rlvr.recipes.method_name import built_in, fault
from rlvr.training.methods.method import Method
from rlvr.training.methods.wandb_import_guard import hide_if_broken


def get(name: str) -> Method:
    """Return the method called `name`; recipes admit no other names.

    Raises:
        UserError: if there is none, or it belongs to a package and is broken.
    """
    hide_if_broken()
    point = plugins.find("rlvr.methods", name, built_in())
    if point is not None:
        found = plugins.load(point)
        if not isinstance(found, Method):
            kind = type(found).__name__
            raise plugins.broken(point, f"it is a {kind}, not a Method (rlvr.training.methods)")
        return found
    if found_fault := fault(name):
        raise UserError(found_fault)
    method = import_module(f"{__package__}.{name}").METHOD
    assert isinstance(method, Method)
    return method
