"""The desk: one door to every action on every matter (Articles III, V).

In: a matter's name, its id, an action and its facts, from a person, a system or in bulk. Out: the
matter after it, with what may be done next. Each action is carried out by the room it belongs to.
"""
