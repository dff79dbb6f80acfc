"""A teacher of your own: the first plans that solve a countdown problem, in order."""

from rlvr.core.records import Completion
from rlvr.distill.teachers.protocol import asked_problems, asked_revisions
from rlvr.tiny import countdown


class FirstPlans:
    def __init__(self, recipe, options):
        self.recipe, self.most = recipe, options.get("most", 1)

    def key(self):
        return {"teacher": "first-plans", "most": self.most, "on": asked_revisions(self.recipe)}

    def problems(self):
        return asked_problems(self.recipe)

    def traces(self, due):
        for one in due:
            gold = one.problem.gold
            plans = countdown.solutions(tuple(gold["numbers"]), gold["target"])[: self.most]
            for index, plan in enumerate(plans):
                if index in one.indices:
                    yield Completion(one.problem.id, index, " " + countdown.written(plan), "stop")
